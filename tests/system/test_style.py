"""What was found hard to read once does not come back: words in comments, and names and forms in C."""
import collections
import re

from places import ROOT

C = sorted(path for part in ("base", "rules", "filters", "proxy", "tools", "tests") for path in (ROOT / part).rglob("*.[ch]"))
TEXTS = [*C, *(ROOT / "tests").rglob("*.py"), *(ROOT / "man").iterdir(), ROOT / "Makefile", ROOT / "README.md", ROOT / "HACKING.md",
         ROOT / "proxy.conf"]

# What is said instead: again, or new; may be NULL; both are; allowed; worth knowing; is not needed; lacks.
WORDS = r"\banew\b|\bOf NULL:|\bBoth is\b|\bare borne\b|\bworth to be\b|\bneeds not\b|\b[Hh]as not (?:the|what|an?|any)\b"

FORMS = {
    r"\bsizeof\(?[^;,{}()?]{1,60}\)? ?/ ?sizeof\b": "COUNT_OF(array) of base/count.h",
    r"\bsizeof [\w*\"]": "sizeof(x)",
    r"\b(?:[A-Z0-9_]+_)?(?:MOST|LEAST|LIMIT)\b *=": "a limit ends in _MAX or _MIN, and says of what",
}


def found(pattern, paths):
    """FILE:LINE of each match, but in this file, which says what is looked for, and in the one macro that counts."""
    for path in paths:
        if path.name in ("test_style.py", "count.h"):
            continue
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(pattern, text):
            yield f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"


def test_words():
    assert list(found(WORDS, TEXTS)) == []


def test_forms():
    assert {form: list(found(form, C)) for form in FORMS} == {form: [] for form in FORMS}


def test_one_name_leads_to_few_functions():
    """The name of a static function has a noun, where one of a single word would be that of three: find_slot(), not find()."""
    files = collections.defaultdict(list)
    for path in C:
        if path.suffix == ".c" and not path.is_relative_to(ROOT / "tests"):
            for name in re.findall(r"^static [^;{}=]*?\n([a-z]+)\(", path.read_text(), re.M):
                files[name].append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in files.items() if len(paths) > 2} == {}
