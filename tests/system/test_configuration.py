"""popgate -t: every mistake is an error at FILE:LINE, exit 1; a good file is silent, exit 0. And the other command lines."""
import os
import re
import socket

import pytest

from places import AS_ROOT, HOST, POPGATE, ROOT, UNPRIVILEGED, give_away, run, short
from popgate import check

GOOD = """workers = 1
user = "{user}"
spool_dir = "spool"
listener "in" {{
    address = {{ "127.0.0.1:0" }}
    tls = "implicit"
    certificate = {{ "{certificate}" }}
    upstream = "server"
    filters = {{ "score", "headers", "audit" }}
}}
upstream "server" {{
    server = {{ "127.0.0.1:110" }}
}}
filter "score" {{
    module = "spam-score"
    rules = {{ "rules.cf" }}
    required_score = 5.0
}}
filter "headers" {{
    module = "header-rewrite"
    rules = {{ "header_checks" }}
}}
filter "audit" {{
    module = "audit-log"
    path = "audit.jsonl"
}}
"""
RULES = 'header A Subject =~ /x/\nscore A 1.0\n'
CHECKS = "/^X:/ IGNORE\n"


@pytest.fixture
def good(binary, folder, certificate):
    (folder / "spool").mkdir()
    give_away(folder / "spool")
    (folder / "rules.cf").write_text(RULES)
    (folder / "header_checks").write_text(CHECKS)
    return GOOD.format(certificate=certificate, user=UNPRIVILEGED)


def test_good_file_passes(folder, good):
    assert check(folder, good) == (0, "")


MISTAKES = {  # what is changed -> the line that is named
    "unknown key": ('workers = 1\n', 'worker = 1\n', 1),
    "wrong type": ('workers = 1\n', 'workers = "many"\n', 1),
    "unknown key in a section": ('    tls = "implicit"', '    tls = "implicit"\n    tlss = "none"', 7),
    "wrong word": ('tls = "implicit"', 'tls = "sometimes"', 6),
    "wrong address": ('"127.0.0.1:0"', '"127.0.0.1:99999"', 5),
    "address without a port": ('"127.0.0.1:0"', '"127.0.0.1"', 5),
    "missing certificate": ('certificate = { "', 'certificate = { "/nowhere', 7),
    "unknown upstream": ('upstream = "server"', 'upstream = "serv"', 8),
    "unknown filter": ('"score", "headers"', '"scores", "headers"', 9),
    "no server": ('    server = { "127.0.0.1:110" }\n', '', 11),
    "unknown module": ('module = "spam-score"', 'module = "spam-scope"', 15),
    "missing rules": ('"rules.cf"', '"no-rules.cf"', 16),
    "wrong number": ('required_score = 5.0', 'required_score = five', 17),
    "missing header rules": ('"header_checks"', '"no_checks"', 21),
    "short idle timeout": ('    tls = "implicit"', '    idle_timeout = "1m"\n    tls = "implicit"', 6),
    "nonsense duration": ('    tls = "implicit"', '    login_timeout = "soon"\n    tls = "implicit"', 6),
    "unknown user": ('user = "', 'user = "nobody-by-that-name-', 2),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_named_with_its_line(folder, good, name):
    before, after, line = MISTAKES[name]
    assert before in good
    code, said = check(folder, good.replace(before, after, 1))
    assert code == 1
    assert re.search(rf"(?m)^{re.escape(str(folder))}/proxy\.conf:{line}: \S", said), said


@pytest.mark.parametrize("text,line", (
    (RULES + "header B Subject =~ /(/\n", 3), (RULES + "meta B A &&\n", 3),
    ("meta B A\nnonsense\n" + RULES.replace("Subject", "Sub,ject"), 3)), ids=short)
def test_a_scoring_rule_with_a_mistake_is_named_and_disables_itself_alone(folder, good, text, line):
    (folder / "rules.cf").write_text(text)
    code, said = check(folder, good)
    assert code == 0 and re.search(rf"(?m)^{re.escape(str(folder))}/rules.cf:{line}: \S", said), said
    assert re.search(r"(?m)proxy.conf:14: 1 of 2 rules run$", said), said


def test_a_meta_of_rules_that_are_not_there_is_named(folder, good):
    (folder / "rules.cf").write_text(RULES + "meta B A || NOBODY\n")
    code, said = check(folder, good)
    assert code == 0 and f"\n{folder}/rules.cf:3: B asks for NOBODY, which is not there\n" in f"\n{said}", said


@pytest.mark.parametrize("file,text,line", (
    ("header_checks", CHECKS + "/(/ IGNORE\n", 2), ("header_checks", CHECKS + "/^Y:/ REJECT no\n", 2),
    ("header_checks", CHECKS + "if /x/\n", 2), ("header_checks", CHECKS + "/^Y:/ DANCE\n", 2)), ids=short)
def test_mistake_in_a_rule_file_is_named_with_its_line(folder, good, file, text, line):
    (folder / file).write_text(text)
    code, said = check(folder, good)
    assert code == 1 and re.search(rf"(?m)^{re.escape(str(folder))}/{file}:{line}: \S", said), said


def test_all_mistakes_are_named_at_once(folder, good):
    code, said = check(folder, good.replace('"spam-score"', '"x"').replace('tls = "implicit"', 'tls = "y"'))
    assert code == 1 and "proxy.conf:6:" in said and "proxy.conf:15:" in said


def test_key_that_does_not_fit(folder, good, authority):
    other = authority.issue("misfit", ["DNS:x.example"]).with_suffix(".key")
    code, said = check(folder, good.replace('    upstream = "server"', f'    key = {{ "{other}" }}\n    upstream = "server"'))
    assert code == 1 and re.search(r"proxy\.conf:[78]: ", said), said


def test_key_that_others_can_read(folder, good, certificate):
    copy = folder / "open.pem"
    copy.write_bytes(certificate.read_bytes())
    copy.chmod(0o644)
    code, said = check(folder, good.replace(str(certificate), str(copy)))
    assert code == 1 and "proxy.conf:7: " in said, said


def test_file_that_is_not_there(binary, folder):
    done = run(POPGATE, "-t", "-c", folder / "none.conf", check=False)
    assert done.returncode == 1 and str(folder / "none.conf").encode() in done.stderr


def test_start_with_a_mistake_exits_1(folder, good):
    (folder / "proxy.conf").write_text(good.replace("workers = 1", "worker = 1"))
    done = run(POPGATE, "-c", folder / "proxy.conf", check=False)
    assert done.returncode == 1 and b"proxy.conf:1: " in done.stderr


@pytest.mark.parametrize("arguments", (["-x"], ["-c"], ["extra", "words"], ["-t", "extra"], ["score"], ["score", "-r"]), ids=str)
def test_usage_error_exits_2(binary, arguments):
    done = run(POPGATE, *arguments, check=False)
    assert done.returncode == 2 and done.stderr


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(binary, option):
    done = run(POPGATE, option)
    assert done.stdout.startswith(b"usage: popgate") and b"popgate.conf(5)" in done.stdout and not done.stderr


def test_address_that_is_in_use_is_said(folder, good):
    """No mistake: popgate itself may run already."""
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        code, said = check(folder, good.replace("127.0.0.1:0", f"127.0.0.1:{port}"))
    assert code == 0 and re.search(rf"proxy\.conf:\d+: 127\.0\.0\.1:{port} is in use: by popgate", said), said
    code, said = check(folder, good)
    assert code == 0 and "in use" not in said, said


@pytest.mark.skipif(not AS_ROOT, reason="only root has workers with a user of their own")
def test_spool_that_the_workers_cannot_write_to(folder, good):
    spool = folder / "spool"
    spool.chmod(0o700)
    os.chown(spool, 0, 0)
    code, said = check(folder, good)
    assert code == 0 and f"the workers, as user {UNPRIVILEGED} cannot write there: Permission denied" in said, said
    give_away(spool)
    assert check(folder, good) == (0, "")


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_version(binary, option):
    done = run(POPGATE, option)
    assert re.match(rb"popgate \d", done.stdout)
    for library in (b"OpenSSL", b"PCRE2", b"libevent"):
        assert library.lower() in done.stdout.lower()


def test_score_of_files(binary, folder):
    (folder / "rules.cf").write_text("header A Subject =~ /pills/\nscore A 2.5\nbody B /now/\nscore B 1.5\n")
    (folder / "one").write_bytes(b"Subject: pills\n\nnow\n")
    (folder / "two").write_bytes(b"Subject: lunch\r\n\r\nlater\r\n")
    done = run(POPGATE, "score", "-r", folder / "rules.cf", folder / "one", folder / "two")
    one, two = done.stdout.decode().splitlines()
    file, points, names = one.split("\t")
    assert (file, float(points), set(names.split(","))) == (str(folder / "one"), 4.0, {"A", "B"})
    assert two.split("\t")[0] == str(folder / "two") and float(two.split("\t")[1]) == 0


def test_rewrite_of_files(binary, folder):
    (folder / "checks").write_text("/^X-Old: (.*)/ REPLACE X-New: $1\n/^Received:/ IGNORE\n")
    (folder / "one").write_bytes(b"Received: a\r\n\tb\r\nX-Old: value\r\nSubject: s\r\n\r\nReceived: body\r\n")
    done = run(POPGATE, "rewrite", "-r", folder / "checks", folder / "one")
    assert done.stdout == b"X-New: value\r\nSubject: s\r\n\r\nReceived: body\r\n"


def test_shipped_configuration_is_good_but_for_what_only_an_admin_has(binary, folder):
    """The proxy.conf in the source: any error is about certificates, users or folders of the machine, not about the file."""
    code, said = check(folder, (ROOT / "proxy.conf").read_text()) if (ROOT / "proxy.conf").exists() else (0, "")
    assert not re.search(r"unknown|no such option|syntax", said), said


only_for_root = pytest.mark.skipif(not AS_ROOT, reason="only root has others to fear")


@only_for_root
@pytest.mark.parametrize("what", ["the file", "its folder", "a link to it"])
def test_configuration_that_somebody_else_could_change(folder, good, what):
    place = folder / "place"
    place.mkdir()
    if what == "its folder":
        give_away(place)
    if what == "the file":
        (folder / "proxy.conf").write_text(good)
        give_away(folder / "proxy.conf")
        path = folder / "proxy.conf"
    elif what == "its folder":
        path = place / "proxy.conf"
        path.write_text(good.replace('"spool"', f'"{folder}/spool"'))
    else:
        (folder / "real.conf").write_text(good)
        path = folder / "proxy.conf"
        path.symlink_to(folder / "real.conf")
        os.lchown(path, os.stat(folder / "spool").st_uid, -1)
    done = run(POPGATE, "-t", "-c", path, check=False)
    assert done.returncode == 1 and b" belongs to " in done.stderr and b"chown root it" in done.stderr, done.stderr


def divided(folder, good):
    """The same with its filters in files of their own."""
    parts = re.split(r'(?m)^(?=filter )', good)
    (folder / "conf.d").mkdir()
    for number, part in enumerate(parts[1:]):
        (folder / "conf.d" / f"{number}.conf").write_text(part)
    return parts[0] + 'include "${CONF_D:-conf.d}/*.conf"\n'


def test_configuration_in_several_files(folder, good):
    assert check(folder, divided(folder, good)) == (0, "")


def test_mistake_in_an_included_file(folder, good):
    text = divided(folder, good.replace("required_score", "requierd_score").replace('"header_checks"', '"no_checks"'))
    code, said = check(folder, text)
    assert code == 1 and re.search(rf'(?m)^{re.escape(str(folder))}/conf\.d/0\.conf:4: unknown key "requierd_score"', said), said
    assert re.search(rf"(?m)^{re.escape(str(folder))}/conf\.d/1\.conf:3: rules {re.escape(str(folder))}/no_checks: ", said), said


@only_for_root
@pytest.mark.parametrize("what", ["2.conf", "."])
def test_included_file_that_somebody_else_could_change(folder, good, what):
    text = divided(folder, good)
    give_away(folder / "conf.d" / what)
    code, said = check(folder, text)
    assert code == 1 and re.search(rf"proxy\.conf:14: include .*\.conf: {re.escape(str(folder / 'conf.d' / what))} belongs to ", said), said


@only_for_root
def test_certificate_in_a_folder_of_somebody_else(folder, good, certificate):
    foreign = folder / "foreign"
    foreign.mkdir()
    copy = foreign / "site.pem"
    copy.write_bytes(certificate.read_bytes())
    copy.chmod(0o600)
    code, said = check(folder, good.replace(str(certificate), str(copy)))
    assert code == 0, said
    give_away(foreign)
    code, said = check(folder, good.replace(str(certificate), str(copy)))
    assert code == 1 and re.search(rf"proxy\.conf:7: certificate .*: {foreign} belongs to ", said), said


@only_for_root
def test_rules_of_somebody_else_are_noted(folder, good):
    """sa-update's folder belongs to a user of its own, and rules are read without root's rights."""
    give_away(folder / "rules.cf")
    code, said = check(folder, good)
    assert code == 0 and re.search(r"proxy\.conf:16: rules .*rules\.cf belongs to ", said), said


LOGS = {
    "hard link": (lambda log: os.link(log.parent / "rules.cf", log), "it has other names"),
    "fifo": (os.mkfifo, "this is no regular file"),
    "link": (lambda log: log.symlink_to("elsewhere"), "this is a link"),
    "folder": (os.mkdir, "this is a folder"),
    "somebody else's": (lambda log: (log.touch(), give_away(log)), "it belongs to somebody else"),
}


@only_for_root
@pytest.mark.parametrize("kind", LOGS)
@pytest.mark.parametrize("key", ["log", "path"])
def test_log_that_is_something_else(folder, good, kind, key):
    make, reason = LOGS[kind]
    make(folder / "a.log")
    text = good.replace('"audit.jsonl"', '"a.log"') if key == "path" else 'log = "a.log"\n' + good
    code, said = check(folder, text)
    assert code == 1 and re.search(rf'{key} = ".*a\.log": {reason}', said), said


@only_for_root
def test_log_in_a_folder_of_somebody_else(folder, good):
    (folder / "logs").mkdir()
    give_away(folder / "logs")
    code, said = check(folder, 'log = "logs/a.log"\n' + good)
    assert code == 1 and "its folder belongs to somebody else" in said, said
