"""The bench's own programs: whatever is wrong with an octet that comes back, the load ends with status 1 and says what."""
import json
import re
import selectors
import socket
import subprocess
import time

import pytest

from places import HOST, POPGATE, run
from popgate import tls_upstream
from scripted import Gone

PROGRAMS = POPGATE.parent / "tests/bench"
LOAD, UPSTREAM = PROGRAMS / "load", PROGRAMS / "upstream"
CHUNK = 65536


@pytest.fixture(scope="module")
def ports(certificate):
    """The ports of an upstream that serves in the clear and with TLS."""
    if not LOAD.exists():
        pytest.fail(f"{LOAD} is not there: make check builds it")
    process = subprocess.Popen([UPSTREAM, "-c", certificate, "-k", certificate], stdout=subprocess.PIPE)
    yield json.loads(process.stdout.readline())
    assert process.poll() is None, "the upstream was sent what no mail program sends"
    process.terminate()
    process.communicate()


def load(port, *options):
    return run(LOAD, "-p", port, *options, check=False)


def report(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


class Last(bytes):
    """Octets behind which nothing more passes."""


class Relay:
    """Between a load and the upstream: of what goes to the load, `fault(offset, octets)` passes."""

    def __init__(self, port, fault):
        self.port, self.fault, self.offset = port, fault, 0

    def __call__(self, connection):
        with socket.create_connection((HOST, self.port)) as upstream, selectors.DefaultSelector() as selector:
            selector.register(upstream, selectors.EVENT_READ)
            selector.register(connection.socket, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is upstream:
                        self.answer(upstream, connection)
                    else:
                        upstream.sendall(connection.receive())

    def answer(self, upstream, connection):
        data = upstream.recv(CHUNK)
        passed = self.fault(self.offset, data)
        connection.send(passed)
        self.offset += len(data)
        if not data or isinstance(passed, Last):
            raise Gone("the last octets passed")


def at(place, change):
    """The octets from `place` of the stream on are changed, as far as they come together."""
    def fault(offset, data):
        before = place - offset
        return data[:before] + change(data[before:]) if 0 <= before < len(data) else data
    return fault


def flip(octets):
    return bytes([octets[0] ^ 1]) + octets[1:]


def dies_at(place):
    return lambda offset, data: data if offset + len(data) <= place else Last(data[:place - offset])


def replace(old, new):
    return lambda offset, data: data.replace(old, new)


# What passes, the load's options, and what it says. In the first hundred octets are the answers to USER, PASS and STAT, then
# the message's header block begins, which is about a thousand octets long.
FAULTS = {
    "an octet of the header": (at(500, flip), "", r"RETR: octet \d+ of the message is 0x"),
    "an octet of the body": (at(3000, flip), "", r"RETR: octet \d+ of the message is 0x"),
    "an octet of a body behind an edited header": (at(3000, flip), "-e", r"RETR: octet \d+ of the message is 0x"),
    "an octet is missing": (at(3000, lambda rest: rest[1:]), "", r"RETR: octet \d+ of the message is 0x"),
    "an octet too many": (at(3000, lambda rest: b"\0" + rest), "", r"RETR: octet \d+ of the message is 0x"),
    "a last line that is missing": (replace(b"\r\n.\r\n", b"\r\n"), "-k 2 -d 2", r"RETR: octet \d+ of the message is 0x"),
    "a header without an end": (at(500, lambda rest: b"x" * 70000), "-e", r"RETR: \d+ octets of header and no end"),
    "a message that is refused": (replace(b"octets\r\n", b"octets\r\n-ERR\r\n"), "", r"RETR: octet 0 of the message is 0x"),
    "a greeting that is none": (replace(b"+OK\r\n", b"-ERR\r\n"), "", r"the greeting: the answer is not \+OK"),
    "an answer to STAT that is another's": (replace(b"+OK 4 ", b"+OK 5 "), "", r"STAT: the answer is not the upstream's"),
    "a status without an end": (replace(b"+OK 4 ", b"+OK" + b"9" * 600), "", r"STAT: a line of status is too long"),
    "an answer too many": (lambda offset, data: data + b"+OK\r\n" * (offset > 4000), "", r"after QUIT: octets that nobody asked"),
    "an end at once": (dies_at(0), "", r"the greeting: the connection was closed"),
    "an end in a message": (dies_at(3000), "", r"RETR: the connection was closed"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_ends_the_load_with_status_1_and_a_reason(ports, server, name):
    fault, options, reason = FAULTS[name]
    relay = server(Relay(ports["pop3"], fault))
    done = load(relay.port, "-n", 1, "-m", 1, *options.split())
    assert done.returncode == 1
    assert re.search(r"session 1, " + reason, done.stderr.decode())


def test_what_comes_as_it_was_sent_is_counted(ports, server):
    relay = server(Relay(ports["pop3"], lambda offset, data: data))
    told = report(load(relay.port, "-n", 3, "-c", 1, "-m", 1, "-k", 4, "-d", 2))
    assert (told["sessions"], told["resumed"]) == (3, 0)
    assert 12 * 4000 < told["octets"] < 12 * 4500
    assert 0 < told["retr_ms"]["p50"] <= told["retr_ms"]["p99"] <= told["retr_ms"]["max"] < told["seconds"] * 1000


def test_a_header_that_was_edited_is_let_pass(ports, server):
    relay = server(Relay(ports["pop3"], replace(b"Subject:", b"X-Long: " + b"x" * 500 + b"\r\nSubject: [edited]")))
    report(load(relay.port, "-n", 1, "-m", 2, "-k", 2, "-e"))
    assert load(relay.port, "-n", 1, "-m", 2, "-k", 2).returncode == 1


@pytest.mark.parametrize("mode, port", [("plain", "pop3"), ("stls", "pop3"), ("tls", "pop3s")])
def test_ways_to_connect(ports, mode, port):
    told = report(load(ports[port], "-s", mode, "-r", "-n", 20, "-c", 4, "-m", 2, "-k", 5, "-d", 2))
    assert told["sessions"] == 20
    assert told["resumed"] == (0 if mode == "plain" else 16)


def test_the_server_says_whether_it_resumed(ports, gate, authority):
    """Where the proxy has a ticket of before; on one of its ports it gives none."""
    for port, resumed in (("pop3s", 5), ("once", 0), ("pop3", 0)):
        behind = tls_upstream(ports[port], "none" if port == "pop3" else "implicit", authority)
        told = report(load(gate(ports[port], None, behind).port, "-n", 6, "-c", 1))
        assert told["resumed_behind"] == resumed


def test_a_message_that_nobody_holds(ports):
    told = report(load(ports["pop3"], "-n", 1, "-m", 4))
    assert 1e9 < told["octets"] < 1.1e9


def test_an_open_loop_keeps_its_schedule_and_counts_a_stall(ports, server):
    """Of ten sessions, a tenth of a second apart and one at a time, the first stalls for a second: the others count that."""
    def stall(offset, data):
        time.sleep(1 if offset == 0 else 0)
        return data

    relay = server(Relay(ports["pop3"], stall))
    told = report(load(relay.port, "-n", 10, "-c", 1, "-R", 10))
    assert told["seconds"] < 1.8
    assert told["login_ms"]["max"] > 1000
    assert 300 < told["login_ms"]["p50"] < 1000


def test_sessions_are_held_until_input_ends(ports):
    command = [str(word) for word in (LOAD, "-p", ports["pop3s"], "-s", "tls", "-n", 50, "-c", 8, "-i")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert json.loads(process.stdout.readline()) == {"held": 50}
        rest, _ = process.communicate(timeout=30)
    assert (process.returncode, json.loads(rest)["sessions"]) == (0, 50)


def test_a_session_that_ends_while_it_is_held_is_told(ports, server):
    relay = server(Relay(ports["pop3"], lambda offset, data: data))
    command = [str(word) for word in (LOAD, "-p", relay.port, "-n", 3, "-i")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert json.loads(process.stdout.readline()) == {"held": 3}
        relay.connections[1].socket.shutdown(socket.SHUT_RDWR)
        assert re.search(rb"session \d, while it is held: the connection was closed", process.stderr.readline())
    assert process.returncode == 1


@pytest.mark.parametrize("command", [b"STAT", b"USER a\r\nPASS b\r\nRETR 5", b"LAST", b"USER a\r\nSTLS"])
def test_the_upstream_ends_at_what_no_proxy_should_send(command):
    with subprocess.Popen([UPSTREAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        port = json.loads(process.stdout.readline())["pop3"]
        with socket.create_connection((HOST, port)) as client:
            client.sendall(command + b"\r\n")
            assert process.wait(timeout=30) == 1
        assert process.stderr.read().startswith(b"upstream: ")
