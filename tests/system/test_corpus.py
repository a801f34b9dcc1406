"""655 real messages in a Dovecot, fetched through all three filters: bodies as they were, one record each, TOP like RETR."""
import hashlib
import re
import tarfile

import pytest

import filters
from places import CORPUS, ROOT, records, wait_until
from popgate import Gate
from wire import Wire, unstuff

RULES, CHECKS = ROOT / "rules/local.cf", ROOT / "rules/header_checks"


@pytest.fixture(scope="module")
def corpus():
    """Octets of every message, CR LF, without the mbox line that each file begins with."""
    if not CORPUS.exists():
        pytest.skip(f"no corpus of real mail at {CORPUS}")
    with tarfile.open(CORPUS) as archive:
        texts = [archive.extractfile(member).read() for member in archive if member.isfile() and member.name.count("/") > 1]
    assert len(texts) == 655
    return [re.sub(rb"\r?\n", b"\r\n", re.sub(rb"\AFrom .*\n", b"", text)) for text in texts]


@pytest.fixture(scope="module")
def reader(dovecot, corpus):
    return dovecot.mailbox("reader", corpus)


@pytest.fixture(scope="module")
def direct(dovecot, reader, corpus):
    """What Dovecot itself serves: each message, and the UIDLs."""
    with Wire(dovecot.port) as client:
        client.login(reader)
        uidls = [line.split(b" ")[1] for line in client.fetch(b"UIDL").splitlines()]
        return fetch_pipelined(client, b"RETR %d", len(corpus)), uidls


@pytest.fixture(scope="module")
def filtered(binary, new_folder, dovecot):
    """popgate with all three filters and the rules it is shipped with."""
    folder = new_folder("corpus")
    sections = {"score": {"module": "spam-score", "rules": [RULES], "subject_tag": "[SPAM] ", "hold_limit": "1M"},
                "headers": {"module": "header-rewrite", "rules": [CHECKS]}, **filters.audit(folder)}
    gate = Gate(folder, {"in": {"tls": "none", "upstream": "dovecot", "filters": list(sections)}},
                {"dovecot": {"server": [f"localhost:{dovecot.port}"]}}, sections, workers=2).start()
    yield gate
    gate.stop()


def fetch_pipelined(client, form, count, window=50):
    """All messages with up to `window` commands on their way; as wire texts."""
    texts = []
    for start in range(1, count + 1, window):
        numbers = range(start, min(start + window, count + 1))
        client.send(b"".join(form % number + b"\r\n" for number in numbers))
        for _ in numbers:
            assert client.line().startswith(b"+OK")
            texts.append(unstuff(client.listing()))
    return texts


def body(text):
    return text.partition(b"\r\n\r\n")[2]


def test_dovecot_serves_the_corpus(direct, corpus):
    texts, uidls = direct
    assert sum(text == message for text, message in zip(texts, corpus)) > 600
    assert len(set(uidls)) == len(texts) == 655


@pytest.mark.parametrize("how", ("pipelined", "one by one"))
def test_bodies_are_identical_and_recorded(filtered, direct, reader, how):
    texts, uidls = direct
    before = len(messages(filtered))
    with Wire(filtered.port, timeout=60) as client:
        client.login(reader)
        client.fetch(b"UIDL")
        got = fetch_pipelined(client, b"RETR %d", len(texts), 50 if how == "pipelined" else 1)
        assert client.ask(b"QUIT").startswith(b"+OK")
    wrong = [number for number, (through, text) in enumerate(zip(got, texts), 1) if body(through) != body(text)]
    assert not wrong
    wait_until(lambda: len(messages(filtered)) >= before + len(texts), 20, "a record for each message")
    found = messages(filtered)[before:]
    assert [record["number"] for record in found] == list(range(1, len(texts) + 1))
    for record, text, through, uidl in zip(found, texts, got, uidls):
        assert record["sha256"] == hashlib.sha256(text).hexdigest(), record
        assert (record["octets_in"], record["octets_out"]) == (len(text), len(through)), record
        assert {"score", "required", "rules", "from", "changes", "ms"} <= set(record), record
        assert ("subject" in record) == bool(re.search(rb"(?mi)^Subject:[ \t]*\S", text.partition(b"\r\n\r\n")[0])), record
        assert record["uidl"] == uidl.decode() and record["command"] == "RETR" and record["outcome"] == "delivered"


def messages(gate):
    return records(gate.folder / "audit.jsonl", "message")


def renew(gate):
    """A new generation of workers, which knows no verdict."""
    old = gate.workers()
    gate.reload()
    wait_until(lambda: len(set(gate.workers()) - set(old)) >= gate.options["workers"], what="new workers")


@pytest.mark.parametrize("lines", (0, 1, 2, 5, 100, 1000000))
@pytest.mark.parametrize("first", ("TOP", "RETR"))
def test_top_is_like_retr(filtered, dovecot, direct, reader, first, lines):
    """Its header is that of RETR, verdict and all, its body Dovecot's own; and each message is scored once."""
    form, got = b"TOP %%d %d" % lines, {}
    count = len(direct[0])
    with Wire(dovecot.port) as client:
        theirs = fetch_pipelined(client.login(reader), form, count)
    renew(filtered)
    before = filtered.log()
    for verb in (first, "RETR" if first == "TOP" else "TOP"):
        with Wire(filtered.port, timeout=60) as client:
            got[verb] = fetch_pipelined(client.login(reader), form if verb == "TOP" else b"RETR %d", count)
    assert [number for number, (one, two) in enumerate(zip(got["TOP"], theirs), 1) if body(one) != body(two)] == []
    assert [number for number, (top, retr) in enumerate(zip(got["TOP"], got["RETR"]), 1)
            if top.partition(b"\r\n\r\n")[0] != retr.partition(b"\r\n\r\n")[0]] == []
    assert all(b"X-Spam-Status: " in text.partition(b"\r\n\r\n")[0] for text in got["RETR"])
    log = filtered.log()[len(before):]
    assert len(re.findall(r"(?m): verdict \S+$", log)) == len(re.findall(r"(?m): verdict \S+ is known$", log)) == count
