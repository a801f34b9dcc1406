"""Servers whose names are not found yet: popgate starts, says so, and finds them; nobody waits for DNS."""
import os
import re
import signal
import socket
import subprocess
import time

import pytest

import mail
import secrets_sent
from places import AS_ROOT, HOST, POPGATE, free_port, run, wait_until
from popgate import Gate
from scripted import Maildrop, server_context
from wire import Wire

BOB = secrets_sent.account("names-bob")
MAIL = [mail.message("one"), mail.message("two")]
NAME, OTHER = "mail.later.invalid", "mail.sooner.invalid"
OWN_HOSTS = ["unshare", "-m", "--propagation", "private", "sh", "-c",
             'mount --bind "$1" /etc/hosts && if test -n "$2"; then mount --bind "$2" /etc/resolv.conf; fi && shift 2 && exec "$@"',
             "sh"]


class Hosts:
    """/etc/hosts of a popgate alone, and its /etc/resolv.conf, if it is to have one."""

    def __init__(self, folder):
        self.file, self.resolver = folder / "hosts", ""
        self.write()

    def write(self, *names, address=HOST):
        self.file.write_text("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name in names))

    def program(self, *program):
        return [*OWN_HOSTS, self.file, self.resolver, *program]


@pytest.fixture
def hosts(folder):
    made = Hosts(folder)
    if not AS_ROOT or run(*made.program("true"), check=False).returncode != 0:
        pytest.skip("/etc/hosts cannot be another one for popgate alone: that takes root, and a mount namespace")
    return made


@pytest.fixture
def named(hosts, binary, new_folder):
    """named(upstreams): a popgate with a listener for each, which reads the hosts of this test."""
    gates = []

    def start(upstreams, **options):
        listeners = {name: {"tls": "none", "upstream": name} for name in upstreams}
        gates.append(Gate(new_folder("gate"), listeners, upstreams, **options))
        gates[-1].program = hosts.program(binary)
        return gates[-1].start()

    yield start
    for each in gates:
        each.stop()


def refused(gate, name):
    with Wire(gate.ports[name]) as client:
        return client.line().startswith(b"-ERR [SYS/TEMP] ")


def fetch(gate, name, number=1):
    with Wire(gate.ports[name]) as client:
        assert client.login(BOB).fetch(b"RETR %d" % number) == MAIL[number - 1]
        assert client.ask(b"QUIT").startswith(b"+OK")


def test_start_before_dns(server, named, hosts):
    """Others are served, and keep their sessions; clients of the upstream that is not found are told to come again."""
    drop = server(Maildrop(MAIL))
    running = named({"late": {"server": [f"{NAME}:{drop.port}"]}, "here": {"server": [f"localhost:{drop.port}"]}})
    warnings = re.findall(r".*warning: .*: upstream .*", running.log())
    assert len(warnings) == 1
    assert re.search(rf'/proxy\.conf:\d+: upstream "late": the server {NAME} is not found \(.+\): it is asked for again, '
                     r"after 1 s at first and every 60 s in the end", warnings[0])
    with Wire(running.ports["here"]) as old:
        assert old.login(BOB).fetch(b"RETR 1") == MAIL[0]
        assert refused(running, "late")
        running.wait_log(rf"warning: session .* upstream late, server {NAME}:{drop.port}: its name has not been found yet")
        before = running.workers()
        hosts.write(NAME)
        running.wait_log("names were found: generation 2")
        fetch(running, "late")
        fetch(running, "here", 2)
        assert old.fetch(b"RETR 2") == MAIL[1]
        assert old.ask(b"QUIT").startswith(b"+OK")
    wait_until(lambda: not set(before) & set(running.workers()), what="the old worker's end")
    assert len(re.findall("is not found", running.log())) == 1


def test_asked_less_and_less_often(named):
    running = named({"late": {"server": [f"{NAME}:110"]}})
    time.sleep(8)
    asked = [float(second) for second in re.findall(rf":(\d\d\.\d+)Z .* debug: the server {NAME} is asked for", running.log())]
    waits = [(later - sooner) % 60 for sooner, later in zip(asked, asked[1:])]
    assert len(waits) == 2 and all(least <= wait < least + 0.9 for least, wait in zip([2, 4], waits)), waits  # the first came sooner


def test_certificate_is_for_the_name(server, named, hosts, authority):
    names = []
    context = server_context(authority.issue("later", [f"DNS:{NAME}"]))
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    drop = server(Maildrop(MAIL), context, implicit=True)
    running = named({"late": {"server": [f"{NAME}:{drop.port}"], "tls": "implicit", "tls_ca": authority.file}})
    hosts.write(NAME)
    running.wait_log("names were found")
    fetch(running, "late")
    assert names == [NAME]


def test_other_addresses_are_used_meanwhile(server, named):
    drop = server(Maildrop(MAIL))
    running = named({"both": {"server": [f"{NAME}:{drop.port}", f"{HOST}:{drop.port}"]}})
    fetch(running, "both")


def test_one_generation_for_names_that_come_together(server, named, hosts):
    drop = server(Maildrop(MAIL))
    running = named({"late": {"server": [f"{NAME}:{drop.port}"]}, "sooner": {"server": [f"{OTHER}:{drop.port}"]}})
    hosts.write(NAME, OTHER)
    running.wait_log("names were found: generation 2")
    fetch(running, "late")
    fetch(running, "sooner")
    assert len(re.findall("names were found", running.log())) == 1


def test_name_of_popgate_itself_is_not_used(server, named, hosts):
    running = named({"late": {"server": [f"{NAME}:110"]}})
    running.upstreams["late"]["server"] = [f"{NAME}:{running.port}"]
    running.write()
    running.reload()
    running.wait_log("generation 2")
    hosts.write(NAME)
    running.wait_log('error: .*listener "late" would connect to itself')
    assert refused(running, "late")
    drop = server(Maildrop(MAIL))
    running.upstreams["late"]["server"] = [f"{NAME}:{drop.port}"]
    running.write()
    running.reload()
    running.wait_log("generation 3")
    fetch(running, "late")


def test_loop_that_is_found_at_once_is_an_error(named, hosts, folder):
    hosts.write(NAME)
    port = free_port()
    (folder / "loop.conf").write_text(f'user = "nobody"\nlistener "l" {{ address = "{HOST}:{port}" upstream = "u" tls = "none" }}\n'
                                      f'upstream "u" {{ server = "{NAME}:{port}" }}\n')
    for options in [["-t"], []]:
        done = run(*hosts.program(POPGATE, *options, "-c", folder / "loop.conf"), check=False)
        assert done.returncode == 1
        assert b'loop.conf:2: listener "l" would connect to itself' in done.stderr
        assert b"valid" not in done.stdout


def test_reload_that_is_refused_does_not_end_the_search(server, named, hosts):
    drop = server(Maildrop(MAIL))
    running = named({"late": {"server": [f"{NAME}:{drop.port}"]}})
    running.listeners["late"]["address"].append(f"{HOST}:{drop.port}")  # is in use
    running.write()
    running.reload()
    running.wait_log("has errors; the service goes on as it was")
    hosts.write(NAME)
    running.wait_log("names were found: generation 2")
    fetch(running, "late")


def test_reload_keeps_the_address_of_a_name_that_is_gone(server, named, hosts):
    drop = server(Maildrop(MAIL))
    hosts.write(NAME)
    running = named({"late": {"server": [f"{NAME}:{drop.port}"]}})
    fetch(running, "late")
    hosts.write()
    running.reload()
    running.wait_log(rf"warning: .*the server {NAME} is not found now \(.+\): the address of before is used")
    fetch(running, "late")


def test_reload_takes_the_new_address(server, named, hosts):
    drop = server(Maildrop(MAIL))
    hosts.write(NAME, address="127.0.0.9")  # nobody is there
    running = named({"late": {"server": [f"{NAME}:{drop.port}"]}})
    assert refused(running, "late")
    hosts.write(NAME)
    running.reload()
    running.wait_log("generation 2")
    fetch(running, "late")


def test_trial_warns(hosts, folder):
    (folder / "p.conf").write_text('user = "nobody"\nlistener "l" { address = "127.0.0.1:0" upstream = "u" tls = "none" }\n'
                                   f'upstream "u" {{ server = "{NAME}:110" }}\n')
    done = run(*hosts.program(POPGATE, "-t", "-c", folder / "p.conf"), check=False)
    assert done.returncode == 0 and b"valid" in done.stdout
    assert re.fullmatch(rb'.*/p\.conf:3: upstream "u": the server mail\.later\.invalid is not found \(.+\): it is asked for again, .*\n',
                        done.stderr)
    hosts.write(NAME)
    assert run(*hosts.program(POPGATE, "-t", "-c", folder / "p.conf"), check=False).stderr == b""


@pytest.fixture
def silent_dns(hosts, folder):
    """A DNS server that answers nobody: each question takes ten seconds and more."""
    (folder / "resolv.conf").write_text("nameserver 127.0.0.54\noptions timeout:5 attempts:2\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        try:
            silent.bind(("127.0.0.54", 53))
        except OSError:
            pytest.skip("127.0.0.54:53 is somebody else's")
        hosts.resolver = folder / "resolv.conf"
        yield silent


def test_master_does_not_wait_for_dns(server, named, hosts, silent_dns):
    """A start takes five seconds; a reload watches its children meanwhile; and what /etc/hosts knows does not wait for DNS."""
    drop = server(Maildrop(MAIL))
    begun = time.monotonic()
    running = named({"late": {"server": [f"{NAME}:{drop.port}"]}, "here": {"server": [f"localhost:{drop.port}"]}})
    assert 4 < time.monotonic() - begun < 9
    assert "is not found (no answer yet)" in running.log()
    fetch(running, "here")
    running.reload()
    time.sleep(0.5)
    worker = running.workers()
    os.kill(worker[0], signal.SIGKILL)
    running.wait_log("the worker is started again", 2)
    fetch(running, "here")
    assert "generation 2" not in running.log()
    running.wait_log("was read again: generation 2", 8)
    begun = time.monotonic()
    running.stop()
    assert time.monotonic() - begun < 3
    assert not subprocess.run(["pgrep", "-g", str(os.getpgid(0)), "popgate-lookup"], capture_output=True, check=False).stdout


def test_lookups_have_no_privileges(named, silent_dns):
    running = named({"late": {"server": [f"{NAME}:110"]}})
    lookup = wait_until(lambda: run("pgrep", "-P", running.process.pid, "popgate-lookup", check=False).stdout.split(), what="a lookup")[0]
    status = open(f"/proc/{lookup.decode()}/status", encoding="utf-8").read()
    assert re.search(r"(?m)^Uid:\t(?!0\t)(\d+)\t\1\t\1\t\1$", status) and re.search(r"(?m)^NoNewPrivs:\t1$", status)
    open_files = [os.readlink(f"/proc/{lookup.decode()}/fd/{fd}") for fd in os.listdir(f"/proc/{lookup.decode()}/fd") if int(fd) > 2]
    assert sum(name.startswith("pipe:") for name in open_files) == 1
    assert not [name for name in open_files if "signalfd" in name or "popgate.log" in name]
