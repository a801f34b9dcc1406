"""What README.md shows works: the configurations are valid, the rules do what is said of them."""
import os
import re
import shutil
import subprocess
import sys

import pytest

import mail
import parity
from places import ROOT, UNPRIVILEGED, run

README = (ROOT / "README.md").read_text(encoding="utf-8")


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


@pytest.fixture
def as_shown(binary, folder, certificate):
    """Tests what README.md shows, as it stands: only what has to be on the system is looked for in a folder of the tests."""
    def test(text):
        for file in ("fullchain.pem", "privkey.pem", "lan.pem"):
            (folder / file).symlink_to(certificate)
        (folder / "rules").symlink_to(ROOT / "rules")
        (folder / "local.cf").write_text("score HTML_MESSAGE 0.5\n")
        for place in ("/etc/letsencrypt/live/mail.example.org", "/var/log/popgate", "/etc/popgate"):
            text = text.replace(place, str(folder))
        (folder / "proxy.conf").write_text(f'user = "{UNPRIVILEGED}"\nspool_dir = "/tmp"\n{text}')
        done = run(binary, "-t", "-c", folder / "proxy.conf", check=False)
        assert done.returncode == 0, done.stderr
        return done.stderr.decode()
    return test


@pytest.mark.parametrize("start", ['listener "pop3s"', 'listener "old programs"', 'listener "office"'])
def test_the_configurations(as_shown, start):
    as_shown(block(start))


def test_the_stock_rules(as_shown):
    """SpamAssassin's rules and a file of one's own, in place of the rules in the last of the configurations."""
    parity.skip_without_spamassassin()
    text, replaced = re.subn(r'filter "score" .*\n', lambda _: block('filter "score"'), block('listener "office"'))
    said = as_shown(text)
    assert replaced == 1 and re.search(r":\d+: \d{4} of \d{4} rules run$", said, re.M) and "mistake" not in said, said


def test_every_configuration_is_tested():
    assert len(re.findall(r'^```\n(?:listener|filter) "', README, re.M)) == 4


def test_it_is_short():
    assert README.count("\n") <= 150


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
