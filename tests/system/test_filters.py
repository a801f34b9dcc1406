"""What the filters do to mail on its way: scores, rewritten headers, forged verdicts, failures, and TOP like RETR."""
import hashlib
import re

import pytest

import filters
import mail
import secrets_sent
from places import HOST, records, short, wait_until
from popgate import Gate
from scripted import Maildrop
from wire import Wire, crlf, unstuff

BOB = secrets_sent.account("filters-bob")
SPAM = mail.message("Cheap pills", b"Please order your pills\r\nnow and be happy.\r\n.\r\n", b"X-Spam-Status: No, forged\r\nx-spam-flag:\r\n NO\r\n")
HAM = mail.message("lunch", b"At one?\r\n", b"X-Spam-Score: -100\r\nX-Spam-Level:\r\nX-Other: stays\r\n")
REWRITTEN = mail.message("rewritten", b"X-Remove-Me: in the body\r\n",
                         b"X-Remove-Me: folded\r\n value\r\nX-Original: old\r\nX-Prepend-Me: here\r\nX-Other: stays\r\n")
CAPA = [b"TOP", b"UIDL", b"PIPELINING"]


@pytest.fixture
def open_gate(server, gate, folder):
    """A logged-in client of popgate with filters, in front of a server with these messages."""
    clients = []

    def make(messages, sections, **script):
        drop = server(Maildrop(messages, capa=CAPA, script=script))
        clients.append(Wire(gate(drop.port, filters=sections).port, timeout=60))
        return clients[-1].login(BOB)

    yield make
    for client in clients:
        client.socket.close()


def header(text, name):
    """The values of a header, unfolded."""
    block = text.partition(b"\r\n\r\n")[0]
    return [re.sub(rb"\r\n[ \t]+", b" ", value).strip() for value in
            re.findall(rb"(?mi)^" + name + rb":([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)", block)]


def test_spam_is_tagged(open_gate, folder):
    text = open_gate([SPAM], filters.score(folder)).fetch(b"RETR 1")
    assert header(text, b"X-Spam-Flag") == [b"YES"]
    assert header(text, b"X-Spam-Score") == [b"7.6"]
    assert header(text, b"X-Spam-Level") == [b"*******"]
    status, = header(text, b"X-Spam-Status")
    assert re.fullmatch(rb"Yes, score=7\.6 required=5\.0 tests=(\S+) popgate=\S+", status), status
    assert set(re.search(rb"tests=(\S+)", status)[1].split(b",")) == {b"SUBJECT_CHEAP", b"BODY_PILLS", b"FROM_ANN"}
    assert text.partition(b"\r\n\r\n")[2] == SPAM.partition(b"\r\n\r\n")[2]
    assert text.startswith(b"X-Spam-")


def test_ham_is_scored_and_left_alone(open_gate, folder):
    text = open_gate([HAM], filters.score(folder, subject_tag="[SPAM] ")).fetch(b"RETR 1")
    assert header(text, b"X-Spam-Flag") == [] and header(text, b"Subject") == [b"lunch"]
    assert header(text, b"X-Spam-Score") == [b"0.5"]
    assert header(text, b"X-Spam-Status")[0].startswith(b"No, score=0.5 required=5.0 tests=FROM_ANN popgate=")
    kept = re.sub(rb"\A(X-Spam-.*\r\n([ \t].*\r\n)*)+", b"", text)
    assert kept == HAM.replace(b"X-Spam-Score: -100\r\nX-Spam-Level:\r\n", b"")


def test_subject_is_tagged(open_gate, folder):
    text = open_gate([SPAM], filters.score(folder, subject_tag="[SPAM] ")).fetch(b"RETR 1")
    assert header(text, b"Subject") == [b"[SPAM] Cheap pills"]


def test_subject_is_left_alone_without_a_tag(open_gate, folder):
    assert header(open_gate([SPAM], filters.score(folder, subject_tag="")).fetch(b"RETR 1"), b"Subject") == [b"Cheap pills"]


def test_required_score_is_the_admins(open_gate, folder):
    text = open_gate([HAM], filters.score(folder, required_score=0.4)).fetch(b"RETR 1")
    assert header(text, b"X-Spam-Flag") == [b"YES"] and b"required=0.4" in header(text, b"X-Spam-Status")[0]


def test_headers_are_rewritten(open_gate, folder):
    text = open_gate([REWRITTEN], filters.headers(folder)).fetch(b"RETR 1")
    wanted = REWRITTEN.replace(b"X-Remove-Me: folded\r\n value\r\n", b"").replace(b"X-Original: old", b"X-Replaced: old")
    assert text == wanted.replace(b"X-Prepend-Me: here", b"X-Prepended: yes\r\nX-Prepend-Me: here")


@pytest.mark.parametrize("lines", (2, 100))
def test_top_is_filtered_like_retr(open_gate, folder, lines):
    """The same verdict and the same headers; as many body lines as were asked for."""
    client = open_gate([SPAM, HAM, REWRITTEN], filters.every(folder, subject_tag="[SPAM] "))
    for number, message in enumerate((SPAM, HAM, REWRITTEN), 1):
        top, whole = client.fetch(b"TOP %d %d" % (number, lines)), client.fetch(b"RETR %d" % number)
        assert top.partition(b"\r\n\r\n")[0] == whole.partition(b"\r\n\r\n")[0], number
        body = message.partition(b"\r\n\r\n")[2].splitlines(True)
        assert top.partition(b"\r\n\r\n")[2] == b"".join(body[:lines])
        assert whole == client.fetch(b"RETR %d" % number)


def test_filters_run_in_their_order(open_gate, folder):
    """The rewriter behind the scorer sees the scorer's headers."""
    rules = "/^X-Spam-Flag: YES/ PREPEND X-Seen: spam\n"
    text = open_gate([SPAM], {**filters.score(folder), **filters.headers(folder, rules)}).fetch(b"RETR 1")
    assert header(text, b"X-Seen") == [b"spam"]
    text = open_gate([SPAM], {**filters.headers(folder, rules), **filters.score(folder)}).fetch(b"RETR 1")
    assert header(text, b"X-Seen") == []


@pytest.mark.parametrize("value", (b"a.b", b".", b"..", b"a\x00b", b"x" * 5000, b"\xff\xfe", b"%s%n$(id)${1}"), ids=short)
def test_captured_text_cannot_leave_its_header(open_gate, folder, value):
    """Whatever the sender wrote into it: no line that ends the block or the message, none over 998."""
    message = mail.message("captured", b"body\r\n", b"X-Original: " + value + b"\r\n folded\r\n")
    text = open_gate([message], filters.headers(folder)).fetch(b"RETR 1")
    block, _, body = text.partition(b"\r\n\r\n")
    assert body == b"body\r\n"
    assert block.count(b"X-Replaced:") == 1 and b"X-Original" not in block
    assert max(map(len, block.split(b"\r\n"))) <= 998


def test_large_message_is_scored_by_its_beginning(open_gate, folder):
    """Past hold_limit the message flows; the spammy text at its start counts."""
    large = SPAM + b"filler line\r\n" * 200_000
    text = open_gate([large], filters.score(folder, hold_limit="64K")).fetch(b"RETR 1")
    assert header(text, b"X-Spam-Flag") == [b"YES"]
    assert text.endswith(large.partition(b"\r\n\r\n")[2])


SLOW_RULES = "".join(f"rawbody SLOW{i} /(?:(?:a+)+|b{{{i}}})+$/\n" for i in range(2, 40)) + "header QUICK Subject =~ /slow/\n"


@pytest.mark.parametrize("time_limit, logged", (
    ("50ms", "time_limit was met: the message passes with what was done by then$"),
    ("20s", "38 patterns were given up on this message$"),
), ids=("50ms", "20s"))
def test_rules_that_never_end_do_not_hold_up_a_message(server, gate, folder, time_limit, logged):
    """What meets a bound is no match; the message is delivered with what was found, and one line of the log says so."""
    slow = mail.message("slow", b"a" * 3000 + b"!\r\n")
    running = gate(server(Maildrop([slow], capa=CAPA)).port,
                   filters=filters.score(folder, SLOW_RULES, time_limit=time_limit))
    with Wire(running.port, timeout=60) as client:
        text = client.login(BOB).fetch(b"RETR 1")
    assert b"tests=QUICK" in header(text, b"X-Spam-Status")[0]
    assert text.endswith(slow.partition(b"\r\n\r\n")[2])
    assert running.wait_log(f"(?m)warning: .*message 1: {logged}")
    assert running.log().count("warning: ") == 1


def test_message_that_takes_too_long_can_be_refused(server, gate, folder):
    """And again, by whatever verdict may have been remembered of it."""
    slow = mail.message("slow", b"a" * 3000 + b"!\r\n")
    running = gate(server(Maildrop([slow], capa=CAPA)).port,
                   filters=filters.score(folder, SLOW_RULES, time_limit="50ms", on_failure="refuse"))
    for _ in range(2):
        with Wire(running.port, timeout=60) as client:
            client.login(BOB)
            assert client.ask(b"RETR 1").startswith(b"-ERR")
    assert running.wait_log("(?m)warning: .*message 1: time_limit was met: the message took too long$")


FORGED = b"X-Spam-Flag: NO\r\nX-Spam-Status: No,\r\n score=-9\r\nX-Remove-Me: 1\r\nMessage-ID: <7@example.org>\r\nSubject: Cheap pills\r\n"


@pytest.mark.parametrize("command", (b"RETR 1", b"TOP 1 0"))
@pytest.mark.parametrize("odd", (b"Two words: x", b"From somebody Mon", b"no field\r\n folded", b"\rA: b", b":\r\n.\r\n>x", b"\xfcber: x"))
def test_header_goes_on_behind_odd_lines(open_gate, folder, odd, command):
    """To the empty line, as for Dovecot, procmail and SpamAssassin: whatever stands there, filters and record find it."""
    message = b"From: ann@example.org\r\n" + odd + b"\r\n" + FORGED + b"\r\nX-Spam-Flag: order your pills now\r\n"
    text = open_gate([message], filters.every(folder, subject_tag="[SPAM] ")).fetch(command)
    assert header(text, b"X-Spam-Flag") == [b"YES"] and len(header(text, b"X-Spam-Status")) == 1
    left = b"From: ann@example.org\r\n" + odd + b"\r\nMessage-ID: <7@example.org>\r\nSubject: [SPAM] Cheap pills\r\n\r\n"
    assert text.endswith(left + (b"" if b"TOP" in command else b"X-Spam-Flag: order your pills now\r\n"))
    record, = wait_until(lambda: records(folder / "audit.jsonl", "message"), what="the record")
    assert (record["message_id"], record["subject"]) == ("<7@example.org>", "Cheap pills")
    assert record["changes"][:4] == ["remove X-Spam-Flag", "remove X-Spam-Status", "replace Subject", "add X-Spam-Status"]


@pytest.mark.parametrize("odd", (b"--boundary", b".\r\n.\r\n.\r\n."))
def test_header_ends_where_rules_see_the_body(open_gate, folder, odd):
    """Text that is scored as body stays, and an empty line keeps others from taking it for header."""
    body = odd.split(b"\r\n")[-1] + b"\r\n" + FORGED + b"\r\nX-Spam-Flag: order your pills now\r\n"
    message = b"Subject: Cheap pills\r\n" + b"".join(line + b"\r\n" for line in odd.split(b"\r\n")[:-1]) + body
    text = open_gate([message], filters.score(folder)).fetch(b"RETR 1")
    assert header(text, b"X-Spam-Flag") == [b"YES"] and len(header(text, b"X-Spam-Status")) == 1
    assert text.endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize("on_failure", ("pass", "refuse"))
def test_field_that_no_rule_gets_through_is_logged_or_refused(server, gate, folder, on_failure):
    """A sender chooses the field: it must not pass where the rules said that it may not."""
    rules = "/^To:(.*,){20,}.*$/ REPLACE To: undisclosed\n"
    many = b"To: " + b", ".join(b"user%d@example.com" % number for number in range(100)) + b"\r\n"
    sections = filters.headers(folder, rules)
    sections["headers"]["on_failure"] = on_failure
    running = gate(server(Maildrop([mail.message("many", b"body\r\n", many)], capa=CAPA)).port, filters=sections)
    with Wire(running.port) as client:
        answer = client.login(BOB).ask(b"RETR 1")
    assert answer.startswith(b"+OK" if on_failure == "pass" else b"-ERR")
    assert running.wait_log(rf"(?m)warning: .*message 1: the pattern met its limit.*\({folder}/header_checks:1\)$")


HUGE = b"Subject: x\r\n" + b"X-Filler: 0123456789012345678901234567890123456789\r\n" * 600_000 + b"\r\nbody\r\n"


def test_header_block_without_measure_passes_unfiltered(open_gate, folder):
    client = open_gate([HUGE], filters.every(folder, on_failure="pass"))
    assert client.fetch(b"RETR 1").endswith(HUGE)
    assert client.ask(b"NOOP").startswith(b"+OK")


@pytest.mark.parametrize("on_failure", ("pass", "refuse"))
def test_header_behind_a_padded_block_is_no_way_round_the_filters(server, gate, folder, on_failure):
    """A sender must not vouch for itself, however long the header before its forged verdict: removed, or refused and logged."""
    padded = HUGE.replace(b"\r\n\r\n", b"\r\nX-Spam-Status: No, forged\r\nX-Remove-Me: 1\r\n\r\n")
    sections = filters.every(folder, on_failure=on_failure)
    sections["headers"]["on_failure"] = on_failure
    running = gate(server(Maildrop([padded, HAM], capa=CAPA)).port, filters=sections)
    with Wire(running.port, timeout=60) as client:
        client.login(BOB)
        answer = client.ask(b"RETR 1")
        if answer.startswith(b"+OK"):
            text = client.listing()
            assert on_failure == "pass" or not (b"forged" in text or b"X-Remove-Me" in text)
        assert client.ask(b"RETR 2").startswith(b"+OK")
        client.listing()
    if answer.startswith(b"-ERR") or on_failure == "pass":
        assert running.wait_log("(warning|error): .*(score|headers)", 2)


def test_many_messages_held_at_once(server, gate, folder):
    """More than hold_memory: what does not fit goes to spool_dir, and nothing is left there."""
    large = SPAM + b"filler line of some length, again and again\r\n" * 8000
    drop = server(Maildrop([large], capa=CAPA))
    running = gate(drop.port, filters=filters.score(folder, hold_limit="1M"), hold_memory="256K")
    clients = [Wire(running.port, timeout=60).login(BOB) for _ in range(12)]
    for client in clients:
        client.send(b"RETR 1\r\n")
    for client in clients:
        assert client.line().startswith(b"+OK")
        text = client.listing()
        assert text.endswith(b"again and again\r\n.\r\n") and b"X-Spam-Flag: YES" in text
        client.socket.close()
    assert not list((running.folder / "spool").iterdir())


@pytest.mark.parametrize("on_failure", ("pass", "refuse"))
def test_spool_that_cannot_be_written(server, gate, folder, on_failure):
    """The log says so at the start; a message that does not fit into memory is as if its filter had failed."""
    closed = folder / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    large = SPAM + b"filler line of some length, again and again\r\n" * 8000
    running = gate(server(Maildrop([large, HAM], capa=CAPA)).port, hold_memory="64K", spool_dir=closed,
                   filters=filters.score(folder, hold_limit="1M", on_failure=on_failure))
    assert running.wait_log(f"warning: spool_dir {closed} cannot be written to by user .*: Permission denied")
    with Wire(running.port, timeout=60) as client:
        answer = client.login(BOB).ask(b"RETR 1")
        assert answer.startswith(b"+OK" if on_failure == "pass" else b"-ERR [SYS/TEMP]")
        if on_failure == "pass":
            assert unstuff(client.listing()).partition(b"\r\n\r\n")[2] == large.partition(b"\r\n\r\n")[2]
        assert b"X-Spam-Status: No" in client.fetch(b"RETR 2")
    assert running.wait_log("warning: .*filter score, message 1: the held message could not be written to spool_dir: Permission denied")


def test_spool_that_cannot_be_written_fails_those_that_hold(server, gate, folder):
    """The other filters do their work, the record is right, and one warning says what is missing."""
    large = REWRITTEN + b"filler line of some length, again and again\r\n" * 8000
    running = gate(server(Maildrop([large], capa=CAPA)).port, hold_memory="64K", filters=filters.every(folder, hold_limit="1M"))
    (running.folder / "spool").rmdir()
    with Wire(running.port, timeout=60) as client:
        text = client.login(BOB).fetch(b"RETR 1")
    assert header(text, b"X-Remove-Me") == [] and header(text, b"X-Replaced") == [b"old"] and header(text, b"X-Spam-Status") == []
    assert text.partition(b"\r\n\r\n")[2] == large.partition(b"\r\n\r\n")[2]
    record, = wait_until(lambda: records(folder / "audit.jsonl", "message"), what="the record")
    assert record["sha256"] == hashlib.sha256(large).hexdigest() and record["outcome"] == "delivered"
    assert (record["octets_in"], record["octets_out"]) == (len(large), len(text)) and "score" not in record
    assert len(re.findall("warning: .*message 1", running.log())) == 1


OVERGROWN = mail.message("overgrown", b"body\r\n", b"X-Original: a\r\n" * 3000)
GROWING = "/^X-Original:/ PREPEND X-Grown: " + "grown " * 150 + "\n"


def test_filter_that_fails_lets_the_message_pass(server, gate, folder):
    """on_failure = "pass": rules that write megabytes into a message are no rules for it, and the log says so."""
    drop = server(Maildrop([OVERGROWN], capa=CAPA))
    running = gate(drop.port, filters=filters.headers(folder, GROWING))
    with Wire(running.port) as client:
        assert client.login(BOB).fetch(b"RETR 1").endswith(b"\r\n\r\nbody\r\n")
    assert running.wait_log("error: .*headers")


def test_filter_that_fails_withholds_the_message(server, gate, folder):
    """on_failure = "refuse": -ERR instead of the message, the session goes on, and the audit log knows."""
    sections = {**filters.headers(folder, GROWING), **filters.audit(folder)}
    sections["headers"]["on_failure"] = "refuse"
    drop = server(Maildrop([OVERGROWN, HAM], capa=CAPA))
    running = gate(drop.port, filters=sections)
    with Wire(running.port) as client:
        client.login(BOB)
        client.send(b"RETR 1\r\nTOP 1 0\r\nRETR 2\r\n")
        answers = [client.line() for _ in range(3)]
        assert [answer[:4] for answer in answers] == [b"-ERR", b"-ERR", b"+OK "]
        client.listing()
        client.ask(b"QUIT")
    ended, = wait_until(lambda: records(folder / "audit.jsonl", "disconnect"), what="the end in the audit log")
    assert ended["retrieved"] == 1
    assert [record["outcome"] for record in records(folder / "audit.jsonl", "message")] == ["withheld", "withheld", "delivered"]


def test_bare_line_feeds_are_kept_apart_from_scores(open_gate, folder):
    message = SPAM.replace(b"\r\n", b"\n")
    text = open_gate([message], filters.score(folder)).fetch(b"RETR 1")
    assert text.endswith(crlf(message).partition(b"\r\n\r\n")[2])


def test_one_filter_serves_two_listeners(server, folder, binary, new_folder):
    drop = server(Maildrop([SPAM], capa=CAPA))
    listener = {"tls": "none", "upstream": "server"}
    running = Gate(new_folder("two"), {"a": {**listener, "filters": ["score"]}, "b": {**listener, "filters": []}},
                   {"server": {"server": [f"{HOST}:{drop.port}"]}}, filters.score(folder)).start()
    with Wire(running.ports["a"]) as one, Wire(running.ports["b"]) as two:
        assert b"X-Spam-Flag: YES" in one.login(BOB).fetch(b"RETR 1")
        assert two.login(BOB).fetch(b"RETR 1") == SPAM
    running.stop()
