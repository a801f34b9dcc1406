"""popgate score: its manners, and its hits on real mail beside those of SpamAssassin itself."""
import os
import pathlib
import re
import subprocess
import threading
import time
import shutil

import pytest

from places import POPGATE, ROOT, SHARED, run, terminal

RULES = ROOT / "rules/local.cf"
ORACLE = SHARED / "oracle/sa_hits.pl"
DOMAINS = pathlib.Path("/usr/share/spamassassin/20_aux_tlds.cf")
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
MAIL = b"From: a@b.com\r\nTo: c@d.com\r\nMessage-ID: <a@b>\r\nDate: Mon, 5 Jan 2026 12:00:00 +0000\r\nSubject: x\r\n\r\n"


def score(*arguments, **options):
    done = run(POPGATE, "score", *arguments, check=False, **options)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_a_line_for_each_file(tmp_path):
    (tmp_path / "ham").write_bytes(MAIL + b"hello\r\n")
    (tmp_path / "spam").write_bytes(MAIL + GTUBE + b"\r\n")
    assert score("-r", RULES, "ham", "spam", cwd=tmp_path) == (0, "ham\t0.0\t\nspam\t1000.0\tGTUBE\n", "")


def test_standard_input(tmp_path):
    assert score("-r", RULES, "-", input=MAIL + GTUBE) == (0, "-\t1000.0\tGTUBE\n", "")


def test_later_rules_win(tmp_path):
    (tmp_path / "own.cf").write_text("score GTUBE 7.125\nheader OURS Subject =~ /^x$/\nscore OURS -0.01\n")
    (tmp_path / "mail").write_bytes(MAIL + GTUBE)
    assert score("-r", RULES, "-r", tmp_path / "own.cf", "mail", cwd=tmp_path)[1] == "mail\t7.115\tGTUBE,OURS\n"


@pytest.mark.parametrize("arguments", [(), ("-r", RULES), ("mail",), ("-x",), ("-r",)])
def test_misuse(arguments):
    code, out, err = score(*arguments)
    assert code == 2 and not out and "usage: popgate score -r RULES" in err


def test_what_cannot_be_read(tmp_path):
    (tmp_path / "mail").write_bytes(MAIL)
    code, out, err = score("-r", RULES, "none", "mail", cwd=tmp_path)
    assert code == 1 and out == "mail\t0.0\t\n" and err == "popgate: none: No such file or directory\n"
    assert score("-r", "none", "mail", cwd=tmp_path) == (1, "", "none: No such file or directory\n")


def test_mistakes_in_rules(tmp_path):
    (tmp_path / "bad.cf").write_text("body A /(/\nnonsense\nheader B exists:Subject\n")
    (tmp_path / "mail").write_bytes(MAIL)
    code, out, err = score("-r", "bad.cf", "mail", cwd=tmp_path)
    assert code == 0 and out == "mail\t1.0\tB\n"
    assert err == ("bad.cf:2: unknown directive \"nonsense\"\n"
                   "bad.cf:1: A: missing closing parenthesis at offset 1\n")


FROM = b"From a@b.com Mon Jan  5 12:00:00 2026\r\n"
TELL = "body HELLO /hello/\nbody WORLD /world/\nrawbody FROM /^From /m\nbody TAIL /tail/\n"


@pytest.fixture
def tell(tmp_path):
    """Rules that tell a few messages apart."""
    file = tmp_path / "tell.cf"
    file.write_text(TELL)
    return file


def test_a_mbox(tell, tmp_path):
    (tmp_path / "box").write_bytes(FROM + MAIL + b"hello\r\n\r\n" + FROM + MAIL + b"\r\n" + FROM + MAIL + b"world\r\n")
    told = "1\t1.0\tHELLO\n{0}:2\t0.0\t\n{0}:3\t1.0\tWORLD\n"
    assert score("-r", tell, "box", cwd=tmp_path) == (0, "box:" + told.format("box"), "")
    assert score("-r", tell, "-", input=(tmp_path / "box").read_bytes()) == (0, "-:" + told.format("-"), "")


def test_a_mbox_with_bare_line_feeds(tell, tmp_path):
    (tmp_path / "box").write_bytes((FROM + MAIL + b"hello\r\n\r\n" + FROM + MAIL + b"world\r\n").replace(b"\r", b""))
    assert score("-r", tell, "box", cwd=tmp_path) == (0, "box:1\t1.0\tHELLO\nbox:2\t1.0\tWORLD\n", "")


@pytest.mark.parametrize("first,second", (
    (b"From \n", b"From \n"), (b"From - \r\n", b"From -\r\n"), (FROM, b"From - \n"), (b"From a@b.com\n", FROM),
    (b"From MAILER-DAEMON x\n", b"From me to you, with love\n")))
def test_a_mbox_whose_lines_have_no_date(tell, tmp_path, first, second):
    """Before a header field such a line begins a message, however much of what is behind it came with one read."""
    box = first + MAIL + b"hello\n\n" + second + b"X-Status:\r\n" + MAIL + b"world\n"
    (tmp_path / "box").write_bytes(box)
    assert score("-r", tell, "box", cwd=tmp_path) == (0, "box:1\t1.0\tHELLO\nbox:2\t1.0\tWORLD\n", "")
    for behind in range(12):
        start = first + MAIL
        text = start + b"x" * (64 * 1024 - len(start) - len(second) - behind - 2) + b"\n\n" + second
        (tmp_path / "box").write_bytes(text + MAIL + b"hello\n")
        assert score("-r", tell, "box", cwd=tmp_path)[1] == "box:1\t0.0\t\nbox:2\t1.0\tHELLO\n"
    with subprocess.Popen((POPGATE, "score", "-r", tell, "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for octet in box:
            process.stdin.write(bytes((octet,)))
            process.stdin.flush()
        assert process.communicate()[0] == b"-:1\t1.0\tHELLO\n-:2\t1.0\tWORLD\n"


@pytest.mark.parametrize("line", (
    b"From here on\n\nworld:\n", b"From here on\nsee there\nworld: x\n", b"From here\nhttp://world/\n", b"From here\n: x\n",
    b"From here\n" + b"x" * 150 + b": y\n", b"From" + b" here" * 200 + b"\nworld: x\n", b"From here", b" From here\nworld: x\n",
    b"text\nFrom here\nworld: x\n"))
def test_prose_is_no_line_between_messages(tell, tmp_path, line):
    (tmp_path / "one").write_bytes(FROM + MAIL + b"hello\n\n" + line)
    assert score("-r", tell, "one", cwd=tmp_path)[1].startswith("one\t")


def test_a_mbox_is_unquoted(tell, tmp_path):
    (tmp_path / "rules.cf").write_text("rawbody ONE /^From /m\nrawbody TWO /^>From /m\nrawbody THREE /^>>From /m\nfull END /\\n\\n\\z/\n")
    (tmp_path / "box").write_bytes(FROM + MAIL + b">>From me\n\n" + FROM + MAIL + b">From me\n\n" + FROM + MAIL + b">Fro")
    assert score("-r", tmp_path / "rules.cf", "box", cwd=tmp_path) == (0, "box:1\t1.0\tTWO\nbox:2\t1.0\tONE\nbox:3\t0.0\t\n", "")


@pytest.mark.parametrize("line", (
    b"From here on Monday you are free\r\n", b"From: a Mon Jan  5 12:00:00 2026\r\n", b"from a Mon Jan  5 12:00:00 2026\r\n"))
def test_what_is_no_mbox(tell, tmp_path, line):
    """Text that looks a little like the line between two messages; and one that is, but not behind an empty line."""
    (tmp_path / "one").write_bytes(FROM + MAIL + b"hello\r\n\r\n" + line + b"\r\nworld\r\n" + FROM + b"tail\r\n")
    assert score("-r", tell, "one", cwd=tmp_path)[1].startswith("one\t")


def test_a_from_line_in_a_message_makes_no_mbox(tell, tmp_path):
    (tmp_path / "one").write_bytes(MAIL + b"hello\r\n\r\n" + FROM + b"world\r\n")
    assert score("-r", tell, "one", cwd=tmp_path)[1] == "one\t3.0\tFROM,HELLO,WORLD\n"


def test_one_message_in_a_mbox_stays_as_it_is(tell, tmp_path):
    (tmp_path / "one").write_bytes(FROM + MAIL + b"hello\r\n>From me\r\n")
    assert score("-r", tell, "one", cwd=tmp_path)[1] == "one\t1.0\tHELLO\n"


def test_a_mbox_that_is_read_in_pieces(tell, tmp_path):
    """Wherever the pieces end, in which a file comes."""
    for before in range(64 * 1024 - len(FROM) - 8, 64 * 1024 + 3):
        start = FROM + MAIL
        text = start + b"x" * (before - len(start) - 4) + b"\r\n\r\n" + FROM + MAIL + b"hello\r\n>From me"
        (tmp_path / f"{before}").write_bytes(text)
    code, out, err = score("-r", tell, ".", cwd=tmp_path)
    assert (code, err) == (0, "")
    found = [line.partition(":")[2] for line in out.splitlines() if line.startswith("./6")]
    assert found == ["1\t0.0\t", "2\t2.0\tFROM,HELLO"] * (len(FROM) + 11)


def test_the_end_of_a_long_line_is_no_empty_line(tell, tmp_path):
    (tmp_path / "one").write_bytes(FROM + MAIL + b"hello\r\n" + b"x" * 64 * 1024 + b"\n" + FROM)
    assert score("-r", tell, "one", cwd=tmp_path)[1] == "one\t2.0\tFROM,HELLO\n"


def test_an_empty_file(tell, tmp_path):
    (tmp_path / "empty").touch()
    assert score("-r", tell, "empty", "/dev/null", cwd=tmp_path) == (0, "empty\t0.0\t\n/dev/null\t0.0\t\n", "")


def test_a_maildir(tell, tmp_path):
    """What was read and what is new; not what is on its way. A message in it is one message."""
    box = tmp_path / "box"
    for name, text in {"cur/1:2,S": b"hello", "new/2": b"world", "tmp/3": b"tail", "cur/.index": b"tail", ".Junk/cur/4": b"tail"}.items():
        (box / name).parent.mkdir(exist_ok=True, parents=True)
        (box / name).write_bytes(FROM + MAIL + text + b"\r\n\r\n" + FROM + MAIL)
    for name in ("box", "box/"):
        assert score("-r", tell, name, cwd=tmp_path) == (0, "box/cur/1:2,S\t2.0\tFROM,HELLO\nbox/new/2\t2.0\tFROM,WORLD\n", "")


def test_a_folder(tell, tmp_path):
    box = tmp_path / "box"
    (box / "inside").mkdir(parents=True)
    (box / "inside/1").write_bytes(MAIL)
    for name, text in {"2": b"hello", "10": b"world", "1": b"tail", ".hidden": b"hello"}.items():
        (box / name).write_bytes(MAIL + text)
    os.mkfifo(box / "3")
    assert score("-r", tell, "box", cwd=tmp_path) == (0, "box/1\t1.0\tTAIL\nbox/2\t1.0\tHELLO\nbox/10\t1.0\tWORLD\n", "")


def test_empty_folders(tell, tmp_path):
    for name in ("box/cur", "box/new", "box/tmp", "folder"):
        (tmp_path / name).mkdir(parents=True)
    assert score("-r", tell, "box", "folder", cwd=tmp_path) == (0, "", "")


def test_a_pipe(tell, tmp_path):
    os.mkfifo(tmp_path / "pipe")

    def write():
        with open(tmp_path / "pipe", "wb") as pipe:
            for part in (FROM[:7], FROM[7:] + MAIL, b"hello\r\n", b"\r\n" + FROM[:3], FROM[3:], MAIL + b"world"):
                pipe.write(part)
                pipe.flush()
                time.sleep(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    assert score("-r", tell, "pipe", cwd=tmp_path) == (0, "pipe:1\t1.0\tHELLO\npipe:2\t1.0\tWORLD\n", "")
    writer.join()


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may read everything")
def test_what_may_not_be_read(tell, tmp_path):
    """The rest goes on."""
    (tmp_path / "ok").write_bytes(MAIL)
    for name in ("secret", "box/cur", "box/new"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("secret/1", "box/cur/1", "box/new/2"):
        (tmp_path / name).write_bytes(MAIL)
    for name in ("secret", "box/cur", "box/new/2"):
        (tmp_path / name).chmod(0)
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    done = run(*drop, POPGATE, "score", "-r", tell, "secret", "box", "ok", cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (1, b"ok\t0.0\t\n")
    assert done.stderr.decode().splitlines() == [f"popgate: {name}: Permission denied" for name in ("secret", "box/cur", "box/new/2")]


def wire_octets(text):
    return len(text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


@pytest.mark.parametrize("end", (b"\r\n", b"\n"))
@pytest.mark.parametrize("beyond", (0, 1))
def test_the_end_of_a_large_message(tmp_path, end, beyond):
    """As much is scored as the filter holds, counted as POP3 brings it."""
    rules = tmp_path / "rules.cf"
    rules.write_text("full LAST /tail/\n")
    text = MAIL.replace(b"\r\n", end)
    text += (b"x" * 70 + end) * ((512 * 1024 - wire_octets(text) - 300) // 72)
    text += b"x" * (512 * 1024 - wire_octets(text) - 4 + beyond) + b"tail"
    for name, message in {"alone": text, "box": FROM + text + end + end + FROM + text}.items():
        (tmp_path / name).write_bytes(message)
        found = [line.split("\t")[2] for line in score("-r", rules, name, cwd=tmp_path)[1].splitlines()]
        assert found == ["LAST" if not beyond else ""] * (1 if name == "alone" else 2)


def test_memory_does_not_grow_with_the_mbox(tell, tmp_path, monkeypatch):
    """A few messages, one of 300 MB; and the line that follows is still found."""
    rules = tmp_path / "rules.cf"
    rules.write_text("body HELLO /hello/\n")
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1")
    with subprocess.Popen([POPGATE, "score", "-r", rules, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        process.stdin.write(FROM + MAIL)
        for _ in range(300):
            process.stdin.write(b"x" * (1 << 20))
        most = re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{process.pid}/status").read_text())
        out, err = process.communicate(b"\n\n" + FROM + MAIL + b"hello\n")
    assert (process.returncode, out, err) == (0, b"-:1\t0.0\t\n-:2\t1.0\tHELLO\n", b"")
    assert int(most[1]) < 150_000


def test_endless_input(tell, tmp_path):
    """It is read as far as it is looked at."""
    assert score("-r", tell, "/dev/zero", cwd=tmp_path) == (0, "/dev/zero\t0.0\t\n", "")


def test_a_reader_that_goes_away(tell, tmp_path):
    """No complaint, and no further work."""
    with subprocess.Popen([POPGATE, "score", "-r", tell, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        process.stdout.close()
        with pytest.raises(BrokenPipeError):
            while process.poll() is None:
                process.stdin.write((FROM + MAIL + b"\n") * 1000)
            process.stdin.write(FROM)
            process.stdin.flush()
        assert process.stderr.read() == b"" and process.wait() == 1


def test_output_that_cannot_be_written(tell, tmp_path):
    (tmp_path / "mail").write_bytes(MAIL)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([POPGATE, "score", "-r", tell, tmp_path / "mail"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1 and done.stderr == b"popgate: standard output: No space left on device\n"


def explain(tmp_path, rules, text, *options):
    (tmp_path / "rules.cf").write_text(rules)
    code, out, err = score("-r", tmp_path / "rules.cf", "--explain", *options, "-", input=text)
    assert code == 0 and not err
    return out


def test_explain(tmp_path):
    rules = ("header SUBJ Subject =~ /x/\nscore SUBJ -0.125\ndescribe SUBJ Has an x\nbody __WORD /\\w+/\ntflags __WORD multiple\n"
             "meta LONGER_NAME SUBJ && __WORD > 1\nscore LONGER_NAME 12.5\nheader WITHOUT Subject !~ /y/\ndescribe WITHOUT No y\n")
    assert explain(tmp_path, rules, MAIL + b"one two") == (
        "-\t13.375\tLONGER_NAME,SUBJ,WITHOUT\n"
        "   12.500  LONGER_NAME\n"
        "   -0.125  SUBJ         Has an x\n"
        "                        \"x\"\n"
        "    1.000  WITHOUT      No y\n")
    assert "           __WORD       (3 times)\n                        \"x\"\n" in explain(tmp_path, rules, MAIL + b"one two", "--subrules")


def test_explain_shows_nothing_that_acts_on_a_terminal(tmp_path):
    out = explain(tmp_path, "full ALL /hello.*end/s\n", MAIL + b"hello \x1b[31m\\ \xc3\xa9 \xff \xe2\x80\xae\tend")
    assert out.endswith('"hello \\x1b[31m\\\\ \u00e9 \\xff \\xe2\\x80\\xae\\x09end"\n')


def test_explain_cuts_long_texts(tmp_path):
    """At 200 octets, but not within a character."""
    quoted = explain(tmp_path, "full ALL /xyz\\S+/\n", MAIL + b"xyz" + b"\xc3\xa9" * 5000).splitlines()[-1].strip()
    assert quoted == '"xyz' + "\u00e9" * 98 + '"...'


def test_subrules(tmp_path):
    (tmp_path / "rules.cf").write_text("body __A /a/\nbody __B /b/\nbody __C /c/\nmeta AB __A && __B\n")
    assert score("-r", tmp_path / "rules.cf", "--subrules", "-", input=MAIL + b"ab")[1] == "-\t1.0\tAB\t__A,__B\n"
    assert score("-r", tmp_path / "rules.cf", "--subrules", "-", input=MAIL)[1] == "-\t0.0\t\t\n"


def test_lint(tmp_path):
    """Mistakes, with their place; what is left out for other reasons is counted, and no mistake."""
    (tmp_path / "good.cf").write_text("body A /a/\nmeta B A\n")
    assert score("--lint", "-r", "good.cf", cwd=tmp_path) == (0, "all of 2 rules run\n", "")
    (tmp_path / "left.cf").write_text("body C eval:nobody_has_this()\nheader D eval:d()\ntflags D net\nscore A 0\n")
    code, out, err = score("--lint", "-r", "good.cf", "-r", "left.cf", cwd=tmp_path)
    assert (code, err) == (0, "") and out.startswith("1 of 4 rules run\n")
    assert "1 rule needs the network\n" in out and "1 rule has no points\n" in out and "nobody_has_this 1\n" in out
    (tmp_path / "odd.cf").write_text("meta C A && NOBODY\n")
    (tmp_path / "empty").mkdir()
    assert score("--lint", "-r", "good.cf", "-r", "odd.cf", "-r", "empty", cwd=tmp_path) == (
        0, "all of 3 rules run\nempty: the folder holds no rules: no file *.cf is in it\n"
           "odd.cf:1: C asks for NOBODY, which is not there\n", "")
    (tmp_path / "bad.cf").write_text("nonsense\nbody E /(/\n")
    code, out, err = score("--lint", "-r", "bad.cf", "-r", "good.cf", cwd=tmp_path)
    assert (code, out) == (1, "2 of 3 rules run\n1 rule has a mistake\n")
    assert [line.split(": ")[0] for line in err.splitlines()] == ["bad.cf:1", "bad.cf:2"]
    assert score("--lint", "-r", "none", cwd=tmp_path) == (1, "", "none: No such file or directory\n")


@pytest.mark.parametrize("arguments", (("--lint",), ("--lint", "-r", RULES, "mail"), ("--lin", "-r", RULES, "mail")))
def test_misuse_of_lint(arguments):
    assert score(*arguments)[:2] == (2, "")


def on_terminal(command, feed):
    """What a command says on a terminal that is its standard error, and its standard output."""
    near, far = terminal()
    said = []

    def listen():
        try:
            while piece := os.read(near, 4096):
                said.append(piece)
        except OSError:
            pass

    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=far) as process:
        os.close(far)
        ears = threading.Thread(target=listen)
        ears.start()
        feed(process.stdin)
        out = process.communicate()[0]
        ears.join()
    os.close(near)
    assert process.returncode == 0
    return b"".join(said), out


def test_progress(tell):
    """After two seconds of work, and taken away at the end."""
    def slowly(pipe):
        until = time.monotonic() + 2.7
        while time.monotonic() < until:
            pipe.write((FROM + MAIL + b"\n") * 40)
            pipe.flush()
            time.sleep(0.05)

    said, out = on_terminal([POPGATE, "score", "-r", tell, "-"], slowly)
    shown = said.split(b"\r")
    assert out.count(b"\n") > 1000 and 2 <= sum(b" messages, " in line for line in shown) < 20
    assert shown[-1] == b"" and shown[-2].strip() == b"" and re.fullmatch(rb"\d+ messages, \d+ a second *", shown[-3])


def test_no_progress_of_short_work(tell):
    assert on_terminal([POPGATE, "score", "-r", tell, "-"], lambda pipe: pipe.write((FROM + MAIL + b"\n") * 100))[0] == b""


@pytest.fixture(scope="module")
def ours(real_mail):
    code, out, err = score("-r", RULES, *real_mail)
    assert code == 0 and not err
    lines = [line.split("\t") for line in out.splitlines()]
    assert [line[0] for line in lines] == [str(path) for path in real_mail]
    return {name: (float(points), set(filter(None, rules.split(",")))) for name, points, rules in lines}


def share_over(ours, kind):
    scores = [points for name, (points, _) in ours.items() if f"/{kind}/" in name]
    return sum(points >= 5.0 for points in scores) / len(scores)


def test_ham_passes_and_much_spam_does_not(ours):
    assert share_over(ours, "easy_ham") == 0
    assert share_over(ours, "hard_ham") <= 0.05
    assert share_over(ours, "spam") >= 0.6


def test_hits_are_those_of_spamassassin(ours, real_mail, tmp_path):
    if not ORACLE.exists() or not DOMAINS.exists():
        pytest.skip("SpamAssassin is not there")
    shutil.copy(RULES, tmp_path)
    shutil.copy(DOMAINS, tmp_path)
    done = run("perl", ORACLE, tmp_path, ORACLE.with_name("min.pre"), *real_mail, timeout=300)
    differ = []
    for line in done.stdout.decode().splitlines():
        name, points, rules, _ = line.split("\t")
        theirs = float(points), set(filter(None, rules.split(",")))
        if abs(theirs[0] - ours[name][0]) > 0.001 or theirs[1] != ours[name][1]:
            differ.append((name, theirs[1] ^ ours[name][1]))
    assert not differ
