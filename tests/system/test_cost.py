"""What the work costs in system calls: they are exact where times are not."""
import collections
import re
import shutil
import signal
import subprocess
import time

import pytest

import secrets_sent
from clients import Place
from mail import message
from places import descriptors, wait_until
from scripted import Maildrop
from test_processes import called
from test_session_ends import narrow
from wire import Wire, stuff

BOB = secrets_sent.account("cost-bob")
MAIL = [message("four K", b"x" * 70 + b"\r\n" * 1 + b"y" * 4000 + b"\r\n"), message("a million", (b"z" * 70 + b"\r\n") * 14000),
        message("sixty K", (b"z" * 70 + b"\r\n") * 860)]
CALL = re.compile(r"^(\w+)\((\d+)[,)].*\) += (-?\d+)")
READS, WRITES = ("read", "recvfrom"), ("sendto", "sendmsg", "write", "writev")


class Trace:
    """The system calls of a running popgate's only worker, from `with` to its end."""

    def __init__(self, gate, folder):
        self.file, self.log = folder / "trace", folder / "trace.log"
        self.pid, = called(gate, "worker")

    def __enter__(self):
        with self.log.open("w") as log:
            self.strace = subprocess.Popen(["strace", "-o", self.file, "-p", str(self.pid)], stderr=log)
        wait_until(lambda: "attached" in self.log.read_text() or self.strace.poll() is not None, what="strace")
        if self.strace.poll() is not None:
            pytest.skip("strace may not look: " + self.log.read_text())
        return self

    def __exit__(self, *_):
        time.sleep(0.1)  # the client may have the last answer before strace has seen the call return
        self.strace.send_signal(signal.SIGINT)
        self.strace.wait()

    def descriptors(self):
        return descriptors(self.pid)

    def calls(self):
        """(name, descriptor, result) of each call on a descriptor."""
        return [(match[1], match[2], int(match[3])) for match in map(CALL.match, self.file.read_text().splitlines()) if match]

    def count(self):
        """How many of each kind, and of those that failed."""
        kinds = {**dict.fromkeys(READS, "read"), **dict.fromkeys(WRITES, "write")}
        return collections.Counter("failed" if result < 0 else kinds.get(name, name) for name, _, result in self.calls())


@pytest.fixture
def cost(server, gate, certificate, authority, new_folder):
    """Starts popgate in front of a server: cost(tls) gives a client that is not yet greeted, and a Trace."""
    if not shutil.which("strace"):
        pytest.skip("strace is not there")

    def start(tls, client=None):
        listener = {"tls": "implicit", "certificate": [certificate]} if tls else {}
        running = gate(server(Maildrop(MAIL, capa=[b"PIPELINING"])).port, listener=listener, log_level="warning")
        context = Place(0, ca=authority.file).context() if tls else None
        return lambda: client(running.port) if client else Wire(running.port, tls=context), Trace(running, new_folder("cost"))

    return start


@pytest.mark.parametrize("tls", (False, True), ids=("plain", "tls"))
def test_retr_is_a_read_and_a_write_on_each_side(cost, tls):
    """No read finds nothing, and nothing is asked of epoll but to wait."""
    connect, trace = cost(tls)
    with connect() as client:
        client.login(BOB)
        assert client.ask(b"RETR 1").startswith(b"+OK") and client.listing()  # now all is set up
        with trace:
            for _ in range(20):
                assert client.ask(b"RETR 1").startswith(b"+OK") and client.listing()
    count = trace.count()
    waits = count.pop("epoll_wait")
    assert count == {"read": 40, "write": 40}
    assert 20 <= waits <= 42


def test_silence_costs_nothing(cost):
    """A timer that wakes up a second after each answer would."""
    connect, trace = cost(False)
    with connect() as client:
        client.login(BOB)
        with trace:
            for command, answer in ((b"NOOP", b"+OK"), (b"what", b"-ERR")) * 2:
                assert client.ask(command).startswith(answer)
                time.sleep(1.3)
    count = trace.count()
    assert count.pop("epoll_wait") <= 7
    assert count == {"read": 6, "write": 6}


def test_client_that_does_not_read_is_left_alone(cost):
    """A DELE waits until the client's system has the message: that is looked at less often the longer it takes."""
    connect, trace = cost(False, narrow)
    with connect() as client:
        client.login(BOB)
        with trace:
            client.send(b"RETR 3\r\nDELE 3\r\n")
            time.sleep(3)
            assert client.line().startswith(b"+OK") and client.listing() == stuff(MAIL[2])
            assert client.line().startswith(b"+OK"), "DELE"
    count = trace.count()
    assert 8 <= count["ioctl"] <= 20 and count["epoll_wait"] <= 40, count  # a look each 5 ms would be 600


@pytest.mark.parametrize("tls", (False, True), ids=("plain", "tls"))
def test_session_has_no_call_to_spare(cost, tls):
    """A ticket goes with the greeting, close_notify with the last answer; options are those of the listening socket."""
    connect, trace = cost(tls)
    before = trace.descriptors()
    with trace, connect() as client:
        client.login(BOB)
        client.ask(b"STAT")
        client.ask(b"QUIT")
        assert client.rest()[0] == b""
        wait_until(lambda: trace.descriptors() == before, what="the end of the session")
    calls = trace.calls()
    writes = collections.Counter(descriptor for name, descriptor, _ in calls if name in WRITES)
    assert sorted(writes.values()) == ([4, 6] if tls else [4, 5])
    assert sum(name == "epoll_ctl" for name, _, _ in calls) == 4
    assert sum(name == "setsockopt" for name, _, _ in calls) == 1


def test_records_share_writes(cost):
    """1 MB is more than sixty records of 16 KB."""
    connect, trace = cost(True)
    with connect() as client:
        client.login(BOB)
        with trace:
            assert client.ask(b"RETR 2").startswith(b"+OK")
            assert client.listing() == stuff(MAIL[1])
    assert trace.count()["write"] < len(MAIL[1]) / 16384 / 2
