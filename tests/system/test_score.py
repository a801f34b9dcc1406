"""popgate score: its manners, and its hits on real mail beside those of SpamAssassin itself."""
import pathlib
import shutil
import tarfile

import pytest

from places import POPGATE, ROOT, SHARED, run

RULES = ROOT / "rules/local.cf"
CORPUS = SHARED / "corpus/spamassassin-public-corpus-part.tar.xz"
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
    (tmp_path / "bad.cf").write_text("body A /(/\nnonsense\n")
    (tmp_path / "mail").write_bytes(MAIL)
    assert score("-r", "bad.cf", "mail", cwd=tmp_path) == (
        1, "", "bad.cf:1: A: missing closing parenthesis at offset 1\nbad.cf:2: unknown directive \"nonsense\"\n")


@pytest.fixture(scope="module")
def corpus(base):
    if not CORPUS.exists():
        pytest.skip(f"the corpus is not there: {CORPUS}")
    folder = base / "corpus"
    with tarfile.open(CORPUS) as archive:
        archive.extractall(folder, filter="data") if hasattr(tarfile, "data_filter") else archive.extractall(folder)
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def ours(corpus):
    code, out, err = score("-r", RULES, *corpus)
    assert code == 0 and not err
    lines = [line.split("\t") for line in out.splitlines()]
    assert [line[0] for line in lines] == [str(path) for path in corpus]
    return {name: (float(points), set(filter(None, rules.split(",")))) for name, points, rules in lines}


def share_over(ours, kind):
    scores = [points for name, (points, _) in ours.items() if f"/{kind}/" in name]
    return sum(points >= 5.0 for points in scores) / len(scores)


def test_ham_passes_and_much_spam_does_not(ours):
    assert share_over(ours, "easy_ham") == 0
    assert share_over(ours, "hard_ham") <= 0.05
    assert share_over(ours, "spam") >= 0.6


def test_hits_are_those_of_spamassassin(ours, corpus, tmp_path):
    if not ORACLE.exists() or not DOMAINS.exists():
        pytest.skip("SpamAssassin is not there")
    shutil.copy(RULES, tmp_path)
    shutil.copy(DOMAINS, tmp_path)
    done = run("perl", ORACLE, tmp_path, ORACLE.with_name("min.pre"), *corpus, timeout=300)
    differ = []
    for line in done.stdout.decode().splitlines():
        name, points, rules, _ = line.split("\t")
        theirs = float(points), set(filter(None, rules.split(",")))
        if abs(theirs[0] - ours[name][0]) > 0.001 or theirs[1] != ours[name][1]:
            differ.append((name, theirs[1] ^ ours[name][1]))
    assert not differ
