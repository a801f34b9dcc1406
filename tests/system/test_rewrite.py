"""popgate rewrite: its command line, and real mail through it, of which nothing but what a rule names may change."""
import re
import subprocess

import pytest


def rewrite(binary, *arguments, **keys):
    return subprocess.run([binary, "rewrite", *arguments], capture_output=True, timeout=120, **keys)


def rules(folder, text):
    path = folder / "header_checks"
    path.write_text(text)
    return path


def test_real_mail_is_left_alone(binary, folder, real_mail):
    """Where no rule applies, and where one applies to every field and leaves it, all octets stay."""
    for text in ("", "/./ DUNNO\n", "/^Subject: no such subject$/ IGNORE\n"):
        result = rewrite(binary, "-r", rules(folder, text), *real_mail)
        assert result.returncode == 0
        assert result.stdout == b"".join(path.read_bytes() for path in real_mail)


def test_real_mail_loses_a_field(binary, folder, real_mail):
    """IGNORE takes out the field with its folds, and not one octet more, however the message is made."""
    path = rules(folder, "/^(Received|Subject):/ IGNORE\n")
    removed = 0
    for message in real_mail:
        whole = message.read_bytes()
        head, end, body = re.match(rb"(.*?)(^\r?\n|\Z)(.*)", whole, re.S | re.M).groups()
        kept, number = re.subn(rb"^(?:Received|Subject)[ \t]*:.*\n(?:[ \t].*\n)*", b"", head, flags=re.I | re.M)
        result = rewrite(binary, "-r", path, message)
        assert result.stdout == kept + end + body, message
        removed += number
    assert removed > len(real_mail)


def test_standard_input(binary, folder):
    path = rules(folder, "/^A: (.*)/ REPLACE B: $1\n")
    result = rewrite(binary, "-r", path, "-", input=b"A: x\r\n\r\nA: y\r\n")
    assert (result.returncode, result.stdout, result.stderr) == (0, b"B: x\r\n\r\nA: y\r\n", b"")


def test_several_rule_files(binary, folder):
    first, second = folder / "first", folder / "second"
    first.write_text("/^A:/ IGNORE\n")
    second.write_text("/^A:/ WARN too late\n/^B:/ WARN see\x1b[31m\n")
    result = rewrite(binary, "-r", first, "-r", second, "-", input=b"A: x\nB: y\n\n")
    assert (result.returncode, result.stdout) == (0, b"B: y\n\n")
    assert result.stderr == f"-: warning: header B: y: see [31m ({second}:2)\n".encode()


def test_rule_that_met_its_limit_is_named(binary, folder):
    """What it would have done is not known: neither Postfix nor popgate keeps silent about it."""
    path = rules(folder, "/^A/ IGNORE\n/^(To|Cc):(.*,){20,}.*$/ PREPEND X-Many: yes\n")
    message = b"To: " + b", ".join(b"user%d@example.com" % number for number in range(100)) + b"\nA: b\n\n"
    result = rewrite(binary, "-r", path, "-", input=message)
    assert (result.returncode, result.stdout) == (0, message.replace(b"A: b\n", b""))
    lines = result.stderr.decode().splitlines()
    assert len(lines) == 2 and lines[0].startswith("-: the pattern met its limit") and lines[0].endswith(f"({path}:2)")


@pytest.mark.parametrize("message", [b"", b"\n", b"A", b"A: b", b"A: b\n ", b"no header\n\nA: b\n", b"From x\n\n", b"\x00\n\nA: b"])
def test_odd_messages(binary, folder, message):
    result = rewrite(binary, "-r", rules(folder, "/^Z:/ IGNORE\n"), "-", input=message)
    assert (result.returncode, result.stdout) == (0, message)


@pytest.mark.parametrize("arguments", [[], ["-r"], ["file"], ["-x", "-r", "a", "b"], ["-r", "rules"]])
def test_usage(binary, arguments):
    result = rewrite(binary, *arguments)
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"usage: popgate rewrite" in result.stderr


def test_mistakes_in_rules(binary, folder):
    path = rules(folder, "/a/ REJECT\n\n/(/ IGNORE\n")
    result = rewrite(binary, "-r", path, "-", input=b"A: b\n\n")
    assert (result.returncode, result.stdout) == (1, b"")
    lines = result.stderr.decode().splitlines()
    assert [line.rpartition("/")[2].split(": ")[0] for line in lines if line.startswith(str(path) + ":1")] == ["header_checks:1"]
    assert len(lines) == 2 and lines[1].startswith(f"{path}:3: ")


def test_missing_files(binary, folder):
    path, message = rules(folder, ""), folder / "message"
    message.write_bytes(b"A: b\n\n")
    result = rewrite(binary, "-r", path, folder / "none", message)
    assert (result.returncode, result.stdout) == (1, b"A: b\n\n")
    assert result.stderr == f"{folder}/none: No such file or directory\n".encode()
    result = rewrite(binary, "-r", folder / "none", message)
    assert (result.returncode, result.stderr) == (1, f"{folder}/none: No such file or directory\n".encode())


def test_output_that_cannot_be_written(binary, folder):
    with open("/dev/full", "wb") as full:
        result = subprocess.run([binary, "rewrite", "-r", rules(folder, ""), "-"], input=b"A: b\n\n", stdout=full,
                                stderr=subprocess.PIPE, timeout=60)
    assert result.returncode == 1 and b"No space left" in result.stderr
