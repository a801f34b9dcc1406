"""What README.md shows works: the filter of one's own is compiled and run, the rules and the configurations are read."""
import os
import re
import shutil
import subprocess
import sys

import pytest

import mail
import parity
import secrets_sent
from places import ROOT, UNPRIVILEGED, run
from scripted import Maildrop
from wire import Wire

README = (ROOT / "README.md").read_text(encoding="utf-8")
NAME = "mark_external"


def variant(binary):
    """make's variables for the build that is tested."""
    build = binary.parent.relative_to(ROOT)
    return f"V={build.name.partition('-')[0]}", f"B={build}"


def make(*words, cwd):
    """make, as if it were not called by a make that runs the tests."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return run("make", *words, cwd=cwd, env=clean, timeout=300)


def block(start):
    """The fenced block of README.md whose text begins with `start`."""
    found = re.search(r"^```[a-z]*\n(" + re.escape(start) + r".*?)^```", README, re.M | re.S)
    assert found, start
    return found[1]


@pytest.fixture(scope="module")
def own_popgate(binary, new_folder):
    """popgate with the filter that README.md shows: one file more, and its name in the list."""
    tree = new_folder("own")
    for part in ("base", "dist", "filters", "proxy", "rules", "tools", "Makefile"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, tree / part)
    build = binary.parent.relative_to(ROOT)
    shutil.copytree(binary.parent, tree / build, ignore=shutil.ignore_patterns("tests"))
    (tree / "filters" / f"{NAME}.c").write_text(block("/* mark-external"))
    table = tree / "filters/modules.c"
    text = table.read_text()
    changed = text.replace("MODULES(MODULE) ", f"MODULES(MODULE) MODULE({NAME}) ")
    assert changed != text
    table.write_text(changed)
    make(*variant(binary), "CFLAGS=-Werror", f"{build}/popgate", cwd=tree)
    return tree / build / "popgate"


def test_a_filter_of_ones_own(own_popgate, gate, server, monkeypatch):
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


def test_the_rewrite_rules(binary, folder):
    rules, message = folder / "rules", folder / "message"
    rules.write_text(block("/^(X-Mailer"))
    message.write_bytes(mail.message("hello", more=b"X-Mailer: x 1\r\nList-Unsubscribe: <mailto:a@b>\r\n"))
    done = run(binary, "rewrite", "-r", rules, message)
    assert b"X-Mailer" not in done.stdout and b"X-Folder: lists\r\nList-Unsubscribe" in done.stdout


def test_the_score_rules(binary, folder):
    rules, message = folder / "rules", folder / "message"
    rules.write_text(block("header  SUBJ_PRIZE"))
    message.write_bytes(mail.message("You won a prize", b"Click here: http://192.0.2.1/claim\r\n"))
    _, score, names = run(binary, "score", "-r", rules, message).stdout.decode().rstrip("\n").split("\t")
    assert {"PRIZE_CLICK", "SUBJ_PRIZE", "CLICK_HERE", "NUMERIC_HOST"} == set(names.split(","))
    assert float(score) > 4


def test_the_stock_rules(binary, folder):
    """The section reads SpamAssassin's rules and changes of one's own, which win."""
    parity.skip_without_spamassassin()
    (folder / "local.cf").write_text(block("# /etc/popgate/local.cf"))
    section = block('filter "score" {\n').replace("/etc/popgate", str(folder))
    (folder / "proxy.conf").write_text(f"""
        user = "{UNPRIVILEGED}" spool_dir = "/tmp"
        listener "a" {{ address = {{ "127.0.0.1:0" }} upstream = "b" filters = {{ "score" }} }}
        upstream "b" {{ server = {{ "127.0.0.1:110" }} }}
        {section}""")
    said = run(binary, "-t", "-c", folder / "proxy.conf").stderr.decode()
    assert re.search(r":\d+: \d+ of \d+ rules run$", said, re.M) and "mistake" not in said and "unknown" not in said, said
    (folder / "message").write_bytes(b"Content-Type: text/html\n\n<p>hello</p>\n")
    rules = re.findall(r'"(/.*?)"', section)
    explained = run(binary, "score", "-r", rules[0], "-r", rules[1], "--explain", folder / "message").stdout.decode()
    assert re.search(r"^ +0\.500  HTML_MESSAGE ", explained, re.M), explained


@pytest.mark.parametrize("start", ['listener "pop3s"', 'listener "old programs"'])
def test_the_configurations(binary, folder, certificate, start):
    """With the certificate of the tests and a log of theirs; the addresses are not bound by -t."""
    text = re.sub(r'/etc/letsencrypt\S*fullchain.pem|lan.pem', str(certificate), block(start))
    text = re.sub(r'/etc/letsencrypt\S*privkey.pem', str(certificate), text).replace("/var/log/popgate", str(folder))
    text = text.replace("rules/local.cf", str(ROOT / "rules/local.cf")).replace("pop.example.com", "localhost")
    (folder / "proxy.conf").write_text(f'user = "{UNPRIVILEGED}"\nspool_dir = "/tmp"\n{text}')
    done = run(binary, "-t", "-c", folder / "proxy.conf", check=False)
    assert done.returncode == 0, done.stderr


def test_the_demo(binary):
    """make demo ONCE=1: the spam is marked, its record is shown, the body is as the server has it."""
    done = subprocess.run([sys.executable, ROOT / "tests/demo/run", binary, "once"], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "+ X-Spam-Flag: YES" in done.stdout and "+ Subject: [SPAM] " in done.stdout
    assert re.search(r"^    event +message$", done.stdout, re.M) and re.search(r"^    outcome +delivered$", done.stdout, re.M)


def test_install(binary, folder):
    """make install and uninstall into a folder: a second install keeps what an admin changed, an uninstall leaves it."""
    variables = [*variant(binary), f"DESTDIR={folder}", "PREFIX=/usr"]
    make("install", *variables, cwd=ROOT)
    conf, unit = folder / "etc/popgate/proxy.conf", folder / "usr/lib/systemd/system/popgate.service"
    assert "ExecStart=/usr/sbin/popgate -c /etc/popgate/proxy.conf" in unit.read_text()
    assert run(folder / "usr/sbin/popgate", "-V").stdout.startswith(b"popgate ")
    assert (folder / "usr/share/man/man8/popgate.8").exists() and (folder / "etc/popgate/rules/local.cf").exists()
    conf.write_text("# mine\n")
    make("install", *variables, cwd=ROOT)
    assert conf.read_text() == "# mine\n"
    make("uninstall", *variables, cwd=ROOT)
    left = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert all(name.startswith("etc/") for name in left) and "etc/popgate/proxy.conf" in left


def test_reload_of_a_wrong_file_fails(binary, folder):
    """systemd runs the lines of ExecReload in their order, up to the first that fails."""
    first, second = re.findall(r"(?m)^ExecReload=(.*)$", (ROOT / "dist/popgate.service").read_text())
    (folder / "proxy.conf").write_text("workers = many\n")
    command = first.replace("@SBINDIR@/popgate", str(binary)).replace("@CONFDIR@", str(folder)).split()
    assert run(*command, check=False).returncode == 1 and "-HUP $MAINPID" in second


def test_missing_packages_are_all_named():
    done = subprocess.run([ROOT / "dist/packages", "name", "dpkg", "popgate-none-1", "popgate-none-2"], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 1 and "apt-get install popgate-none-1 popgate-none-2\n" in done.stderr
    assert run(ROOT / "dist/packages", "install", "dpkg").stdout == b""
