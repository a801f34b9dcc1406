"""HACKING.md is true: its rooms are those of tests/layers, its functions are where it says, and its filter works."""
import os
import re
import shutil

import pytest

import mail
import secrets_sent
from places import ROOT, run
from scripted import Maildrop
from wire import Wire

HACKING = (ROOT / "HACKING.md").read_text(encoding="utf-8")
FILTER = "mark_external"


def table(first):
    """The rows of the table whose first column is called `first`, as lists of cells."""
    found = re.search(rf"^\| {first} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", HACKING, re.M)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()]


def layers():
    """The rows of tests/layers: files -> the words that they may include."""
    text = (ROOT / "tests/layers").read_text().partition("<<'TABLE'\n")[2].partition("TABLE\n")[0]
    rows = re.sub(r"\n +", " ", text).splitlines()
    return {line.split()[0]: line.split()[1:] for line in rows if line and not line.startswith("#")}


def test_the_rooms():
    told = {room.strip("`"): words.split() for room, _, words in table("room")}
    assert told == layers()
    rooms = {f"{path.relative_to(ROOT).parent}/*" for part in ("base", "rules", "filters", "tools", "proxy")
             for path in (ROOT / part).rglob("*.[ch]")}
    assert rooms <= set(told)


@pytest.mark.parametrize("function, file", [(row[0].strip("`"), row[1]) for row in table("function")])
def test_the_way_of_a_message(function, file):
    assert re.search(rf"^{function}\(", (ROOT / file).read_text(), re.M), f"{file} has no {function}()"


def test_what_recipes_name_is_there():
    """Each path in backticks; and a word in backticks and brackets behind one is in that file."""
    recipes = HACKING.partition("## Recipes")[2].partition("```c")[0]
    paths = set(re.findall(r"`([\w.]+/[\w./]*|[\w.]+\.(?:conf|md))`", recipes)) - {f"filters/{FILTER}.c"}
    paths = {path for path in paths if not re.search(r"ROOM|_X\.|^build/", path)}
    assert len(paths) > 10
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
    named = re.findall(r"`([\w./]+\.[ch])`\s+\(`(\w+)`\)", recipes)
    assert len(named) >= 4
    assert [pair for pair in named if not re.search(rf"\b{pair[1]}\b", (ROOT / pair[0]).read_text())] == []


def test_the_libraries():
    packages = re.search(r"^PACKAGES += (.*)$", (ROOT / "Makefile").read_text(), re.M)[1].split()
    assert sorted(row[0].strip("`") for row in table("library")) == sorted(packages)


def test_it_is_short():
    assert HACKING.count("\n") <= 150


def variant(binary):
    """make's variables for the build that is tested."""
    build = binary.parent.relative_to(ROOT)
    return f"V={build.name.partition('-')[0]}", f"B={build}"


@pytest.fixture(scope="module")
def own_popgate(binary, new_folder):
    """popgate with the filter that is shown: one file more, and its name in the list."""
    tree = new_folder("own")
    for part in ("base", "dist", "filters", "proxy", "rules", "tools", "Makefile"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, tree / part)
    build = binary.parent.relative_to(ROOT)
    shutil.copytree(binary.parent, tree / build, ignore=shutil.ignore_patterns("tests"))
    (tree / "filters" / f"{FILTER}.c").write_text(re.search(r"^```c\n(.*?)^```", HACKING, re.M | re.S)[1])
    modules = tree / "filters/modules.c"
    text = modules.read_text()
    changed = text.replace("MODULES(MODULE) ", f"MODULES(MODULE) MODULE({FILTER}) ")
    assert changed != text
    modules.write_text(changed)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    run("make", *variant(binary), "CFLAGS=-Werror", f"{build}/popgate", cwd=tree, env=clean, timeout=300)
    return tree / build / "popgate"


def test_the_filter(own_popgate, gate, server, monkeypatch):
    monkeypatch.setattr("popgate.POPGATE", own_popgate)
    account = secrets_sent.account("external")
    drop = server(Maildrop([mail.message("inside"), mail.message("outside").replace(b"ann@example.org", b"eve@example.com")]))
    proxy = gate(drop.port, filters={"mark": {"module": "mark-external", "domain": "@example.org"}})
    with Wire(proxy.port) as client:
        client.login(account)
        inside, outside = client.fetch(b"RETR 1"), client.fetch(b"RETR 2")
        client.ask(b"QUIT")
    assert inside == mail.message("inside")
    assert outside.startswith(b"X-External: yes\r\n")
