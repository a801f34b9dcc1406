"""The engine behind header-rewrite against Postfix's own: postmap -q "Name: value" pcre:FILE must find the same."""
import concurrent.futures
import itertools
import os
import random
import re
import subprocess

import pytest

from places import POPGATE
from unpacked import unpack

ENGINE = POPGATE.parent / "tests/unit/postfix/test_header_checks"

# Without SMTPUTF8 postmap takes octets as they are, as cleanup(8) does for header_checks. It wants to know of three accounts.
MAIN_CF = """
compatibility_level = 3.6
smtputf8_enable = no
shlib_directory = {tree}/usr/lib/postfix
meta_directory = {folder}
mail_owner = daemon
setgid_group = mail
default_privs = nobody
"""

HEADERS = [
    b"Subject: make money fast", b"Subject: Hello", b"SUBJECT: hello, World", b"Subject:", b"Subject: ", b"Subject:no space",
    b"Subject: [list] Re: [other] hello", b"Subject: a $1 and $$ \\ in it", b"Subject: folded\n and folded\n\tagain",
    b"Subject: =?utf-8?Q?caf=C3=A9?=", "Subject: café\n au lait".encode(), b"Subject: \xff\xfe\x80 octets",
    b"To: friend@public.com", b"To: Ann <ann@example.com>, Bob <bob@example.org>", b"To: undisclosed-recipients:;",
    b"From: \"Bob / Alice\" <bob@example.org>", b"From: owner-list@example.com", b"Date: Fri, 20 Nov 2026 10:00:00 +0100",
    b"Received: from mail.example.com (mail.example.com [192.0.2.1])\n\tby mx.example.org (Postfix) with ESMTPS id 1234567",
    b"Received: from [10.1.2.3] by x", b"X-Mailer: The Bat! (v3.0)", b"X-Spam-Flag: YES", b"X-Spam-Level: *******",
    b"Content-Type: text/html; charset=utf-8; name=\"evil.exe\"",
    b"Content-Disposition: attachment;\n  filename=\"invoice.pdf.scr\"", b"X-Long: " + b"x" * 3000, b"X: y", b"X:",
    b"List-Id: <a/b.example.com>", b"Precedence: bulk", b"Subject: one\n two\n three\n", b"Message-ID: <1.2.3@[127.0.0.1]>",
]

RULES = {
    "plain": r"""
/^Subject: make money fast/     IGNORE
/^To: friend@public\.com/       STRIP spam to a friend
/^subject: hello$/              WARN hello
/^X-SPAM/                       DUNNO
/^X/                            INFO some X
""",
    "case": r"""
/^SUBJECT: HELLO/i   INFO case
/^SUBJECT: HELLO/    INFO no case
/^to:/ii             WARN twice is not at all
/x-mailer/           prepend X-Seen: mailer
""",
    "lines": r"""
/^ and folded$/m     INFO line in a field
/folded.and/s        INFO a dot that is no line feed
/folded.and/         INFO a dot that is
/three$/E            INFO end only
/three$/             INFO end
/two/A               INFO anchored
/^Received:.*\n.*by/ INFO two lines
""",
    "greed": r"""
/^Subject: (\[.*\])/U   REPLACE Subject: $1
/^Subject: (\[.*\])/    REPLACE Subject: no $1
/^To: (.*?)@/U          INFO $1
/^From: (.*)@(.*)$/U    INFO $2 at $1
""",
    "extended": r"""
/^Content-(Disposition|Type).*name\s*=\s*"?([^;]*(\.|=2E)(
  ade|adp|asp|bas|bat|chm|cmd|com|cpl|crt|dll|exe|
  hlp|ht[at]|
  vb[esx]?|scr))(\?=)?"?\s*(;|$)/x
    REPLACE X-Removed: "$2" may not end with ".$4"
/^ x - long : /x   INFO never: blanks are ignored
""",
    "substitution": r"""
/^(\S+): (\[[^\]]*\]) (.*)/           REPLACE $1: ${3} $(2)
/^(Subject): (.*)\n(.*)/              REPLACE X-$1: $2|$3
/^(From|To): (?:"(.*)" )?<?([^@<>]*)@([^>,]*)>?/  PREPEND X-$1-Host: $4, $3, $2.
/^X-Spam-(Flag|Level): (.*)/          INFO $$1 $$$1 $2$$
/^(Date):(.*)/                        INFO $2
/^(Precedence)(x)?(: bulk)/           INFO -$2-$3-
/^(X)(:)/                             INFO $1$1$2
""",
    "many groups": r"""
/^(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)/  INFO ${12}$11$10 ${1}0
""",
    "negated": r"""
!/^[a-z-]+:/         INFO no name
!/^(Subject|To|From|Received|Content)/ WARN something else
!!/^From/            INFO twice
! /^To/              INFO blank behind the mark, $$1
/^/                  INFO To
""",
    "if": r"""
if /^Subject:/
/hello/              INFO hello
if /\[/
/other/              INFO other
!/money/             INFO in brackets
endif
if !/money/
/folded/             INFO folded
endif
endif
IF !/^X/
/^received/          IGNORE
Endif
if /^X-Spam/
if /flag/
/no/                 INFO no
endif
/yes/                INFO yes
/./                  INFO level
endif
/^X:/                INFO X
""",
    "delimiters": r"""
~^Subject: a~        INFO tilde
|^To: friend|i       INFO bar
{^X-Mailer{          INFO brace
(^Date(              INFO parenthesis
"^From: \"Bob"       INFO quote
/^List-Id: <a\/b/    INFO slash
,^To: Ann <ann@example.com>\,,  INFO comma
;Received;           INFO semicolon
""",
    "lines and comments": r"""
# a comment
   # another

/^Subject: h/
     WARN two
  lines
/^To:/ INFO goes

# in the middle
    on
	and on
/^From:/
# before the action
 INFO from   """ + "\n",
    "no newline": "/./ INFO all",
    "octets": "/caf\xe9/ INFO latin\n/caf\\xc3\\xa9/ INFO utf-8 by number\n/[\\x80-\\xff]{2}/ INFO high\n/[^[:print:]\\s]/ INFO odd\n",
    "anchors": r"""
/\AX:\z/             INFO empty X
/:\s*$/              INFO empty
/^(?=.{3000})/       INFO long
/(?<=From: )owner/   INFO look behind
/(?i)HELLO/i         INFO inline
/(['"])(.*)\1/       INFO quoted: $2
/\bPostfix\b/        INFO word
/\K/                 INFO nothing
""",
    "ok": "/^Subject/ OK some text\n/^To/ ok\n/./ WARN rest\n",
}

# What Postfix warns of and skips: a whole file is refused here.
WRONG = [
    "/a IGNORE\n", "/a/q IGNORE\n", "/a(/ IGNORE\n", "/(a)/ INFO $2\n", "!/(a)/ INFO $1\n", "/(a)/ INFO $0\n", "/(a)/ INFO $x\n",
    "/(a)/ INFO ${1\n", "/(a)/ INFO a $\n", "/(a)/ INFO $1x\n", "endif\n", "if /a/\n", "if /a/ x\nendif\n", "if /a/\nendif x\n", "Subject: x\n",
    " /a/ INFO\n", "/a/\n", "if\nendif\n", "!\n", "/a\\/ IGNORE\n", "iff /a/\nendif\n",
]


def split(answer):
    """An answer as (ACTION, text), as header_checks(5) reads it."""
    action, text = re.match(rb"([^ \t]*)\s*(.*)", answer, re.S).groups()
    return {b"OK": b"DUNNO"}.get(action.upper(), action.upper()), text


def postmap(rules, *options, **keys):
    tree = unpack("postfix", "postfix-pcre")
    return subprocess.run([tree / "usr/sbin/postmap", "-c", rules.parent, *options, f"pcre:{rules}"], capture_output=True,
                          timeout=30, env=tree.environment(), **keys)


def ask_postmap(rules, header):
    result = postmap(rules, "-q", header)
    assert result.stderr == b"", result.stderr
    return split(result.stdout[:-1]) if result.returncode == 0 else None


def ask_engine(rules, headers):
    assert ENGINE.exists(), f"{ENGINE} is not there: make unit"
    result = subprocess.run([ENGINE, rules], input=b"".join(header + b"\0" for header in headers), capture_output=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return [split(answer) if answer else None for answer in result.stdout.split(b"\0")[:-1]]


def compare(rules, headers):
    """Both find the same for every header; returns how many headers a rule applied to."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        expected = list(pool.map(lambda header: ask_postmap(rules, header), headers))
    found = ask_engine(rules, headers)
    assert len(found) == len(headers)
    for header, ours, theirs in zip(headers, found, expected):
        assert ours == theirs, f"{header!r}: {ours}, but postmap says {theirs}; rules:\n{rules.read_bytes().decode('latin-1')}"
    return sum(answer is not None for answer in found)


def write(folder, text):
    """
    A rule file, and a configuration for postmap beside it. Postfix waits before it trusts a configuration that has just
    changed, so this one is old.
    """
    tree = unpack("postfix", "postfix-pcre")
    configuration = folder / "main.cf"
    configuration.write_text(MAIN_CF.format(tree=tree.folder, folder=folder))
    (folder / "dynamicmaps.cf").write_text(f"pcre {tree / 'usr/lib/postfix/postfix-pcre.so'} dict_pcre_open\n")
    os.utime(configuration, (1, 1))
    path = folder / "header_checks"
    path.write_bytes(text.encode("latin-1"))
    return path


@pytest.mark.parametrize("name", RULES)
def test_written_rules(folder, name):
    assert compare(write(folder, RULES[name]), HEADERS) > 0


WORDS = ["subject", "to", "from", "received", "x-", "hello", "money", "spam", "a", "e", "[aeiou]", r"\d", r"\w+", r"\s", ".", ".*", "ab?",
         "(?:x|y)", r"\.", "@", "\\[", "$", "^", "(a)", "(.)", "(.*)", "([a-z]+)", r"(\S+)", "(x)?", "(?!z)"]
FLAGS = ["", "", "", "i", "m", "s", "x", "A", "E", "U", "is", "msx", "Ui", "ii"]
ACTIONS = ["DUNNO", "IGNORE", "INFO", "PREPEND", "REPLACE", "STRIP", "WARN", "warn", "Info"]


def random_pattern(dice):
    return dice.choice(["", "^", "^"]) + "".join(dice.choice(WORDS) for _ in range(dice.randint(1, 4)))


def random_text(dice, groups):
    pieces = ["x", " ", "word", "$$", ": ", "a b"]
    if groups:
        pieces += [form.format(dice.randint(1, groups)) for form in ("${}", "${{{}}}", "$({})")]
        pieces = [piece + " " if re.fullmatch(r"\$\d", piece) else piece for piece in pieces]
    return "".join(dice.choice(pieces) for _ in range(dice.randint(0, 5)))


def random_rule(dice):
    pattern, mark, action = random_pattern(dice), dice.choice(["", "", "", "!"]), dice.choice(ACTIONS)
    text = random_text(dice, 0 if mark else re.compile(pattern).groups)
    if action in ("PREPEND", "REPLACE"):
        text = f"X-{dice.choice('ABC')}: {text}"
    return f"{mark}/{pattern}/{dice.choice(FLAGS)}{dice.choice([' ', '  ', chr(9), chr(10) + ' '])}{action} {text}"


def random_rules(dice, depth=0):
    for _ in range(dice.randint(1, 5)):
        if depth < 3 and dice.random() < 0.3:
            yield f"if {dice.choice(['', '!'])}/{random_pattern(dice)}/{dice.choice(FLAGS)}"
            yield from random_rules(dice, depth + 1)
            yield "endif"
        else:
            yield random_rule(dice)


def random_header(dice):
    name = dice.choice(["Subject", "To", "From", "Received", "X-A", "x-spam"])
    alphabet = ["a", "b", "e", "x", "y", "z", " ", "\n ", "\n\t", ".", "@", "1", "hello", "MONEY", "[", "$", "$1", "\xe9"]
    return (name + ":" + " " * dice.randint(0, 2) + "".join(dice.choice(alphabet) for _ in range(dice.randint(0, 12)))).encode("latin-1")


@pytest.mark.parametrize("seed", range(30))
def test_generated_rules(folder, seed):
    dice = random.Random(seed)
    rules = write(folder, "\n".join(random_rules(dice)) + "\n")
    compare(rules, [random_header(dice) for _ in range(20)])


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_wrong_rules(folder, number):
    """Where Postfix warns, a file is refused, with its place."""
    rules = write(folder, WRONG[number])
    assert b"warning" in postmap(rules, "-q", "x").stderr
    engine = subprocess.run([ENGINE, rules], input=b"", capture_output=True, timeout=30)
    assert engine.returncode == 1
    assert re.fullmatch(rb"(.*/header_checks:[12]: .*\n)+", engine.stderr)


def rewrite(rules, message, folder):
    """What popgate rewrite prints, on standard output and on standard error."""
    path = folder / "message"
    path.write_bytes(message)
    result = subprocess.run([POPGATE, "rewrite", "-r", rules, path], capture_output=True, timeout=30)
    assert result.returncode == 0, result.stderr
    return result.stdout, result.stderr


def test_presentation(folder):
    """A field is shown to the rules as Postfix shows it: folds as line feeds, no white space in front of the colon."""
    message = b"".join([b"Subject: plain\n", b"To : obsolete\n", b"X \t :  two\n", b"From: folded\n\tonce\n   twice\n", b"Empty:\n",
                        b"Blank: \n", b"Odd: a\n \n b\n", b"Cc: end\n\t \n", b"\n", b"Body: no\n"])
    rules = write(folder, "/./ INFO\n")
    found = postmap(rules, "-hq", "-", input=message).stdout
    shown = [key.translate(bytes.maketrans(b"\n\t", b"  ")) for key in found.split(b"\tINFO\n")[:-1]]
    output, log = rewrite(rules, message, folder)
    ours = [line.partition(b": info: header ")[2].rpartition(b" (")[0] for line in log.splitlines()]
    assert len(shown) == 8 and ours == shown
    assert output == message


def act(header, answer):
    """The lines that Postfix would write for a header."""
    action, text = answer or (b"DUNNO", b"")
    return {b"IGNORE": [], b"STRIP": [], b"REPLACE": [text], b"PREPEND": [text, header]}.get(action, [header])


@pytest.mark.parametrize("rules, line_end", itertools.product(["plain", "greed", "if", "substitution"], [b"\n", b"\r\n"]))
def test_rewritten_messages(folder, rules, line_end):
    """Whole messages: what postmap says, done by hand, is what popgate rewrite prints, but for the folds of what was written."""
    path = write(folder, RULES[rules])
    headers = [header for header in HEADERS if not header.endswith(b"\n")]
    expected = [line for header in headers for line in act(header, ask_postmap(path, header))]
    body = b"\nSubject: make money fast\n.\n..\n\x00\xff\n"
    output, _ = rewrite(path, b"".join(header + b"\n" for header in headers).replace(b"\n", line_end) + body.replace(b"\n", line_end), folder)

    def unfolded(lines):
        return [re.sub(rb"\s+", b" ", line).strip() for line in lines]

    head, _, rest = output.partition(2 * line_end)
    fields = re.split(rb"\r?\n(?![ \t])", head)
    assert unfolded(fields) == unfolded(expected)
    assert rest == body[1:].replace(b"\n", line_end)
    assert (b"\r\n" in output) == (line_end == b"\r\n")
