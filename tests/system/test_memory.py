"""Memory is bounded for each session, whatever either peer sends."""
import contextlib
import ctypes
import gc
import os
import re
import ssl
import threading
import time
from pathlib import Path

import pytest

import filters
import secrets_sent
from clients import Place
from mail import message
from places import ASAN, HOST, POPGATE, wait_until
from popgate import Gate
from scripted import Maildrop, server_context
from wire import Wire, stuff, unstuff

BOB = secrets_sent.account("memory-bob")
MEGABYTE = b"0123456789abcdef" * 4 * 16384
LIMIT = 24 * 1024  # KB more than before the message


def resident(gate):
    """KB of the largest worker."""
    sizes = []
    for pid in gate.workers():
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            sizes += [int(line.split()[1]) for line in file if line.startswith("Pss:")]
    return max(sizes)


def endless(connection, before, after):
    """A message of 200 MB, or without an end for a client that has gone."""
    connection.send(b"+OK\r\n" + before)
    for _ in range(200):
        connection.send(MEGABYTE)
    connection.send(after)


SHAPES = {
    "lines": (b"Subject: big\r\n\r\n", b"\r\n.\r\n"),
    "header without an end": (b"Subject: ", b"\r\n\r\nbody\r\n.\r\n"),
}


@pytest.fixture(autouse=True)
def no_quarantine(monkeypatch):
    """AddressSanitizer keeps what was freed, up to 256 MB of it: not here, where memory is measured."""
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1:detect_stack_use_after_return=0")


@pytest.fixture
def chains(folder):
    return {"none": {}, "all": filters.every(folder)}


@pytest.mark.parametrize("chain", ("none", "all"))
@pytest.mark.parametrize("shape", SHAPES)
def test_two_hundred_megabytes_pass(server, gate, chains, shape, chain):
    drop = server(Maildrop([b""], script={"RETR": lambda connection, _: endless(connection, *SHAPES[shape])}))
    running = gate(drop.port, filters=chains[chain])
    with Wire(running.port, timeout=60) as client:
        client.login(BOB)
        before, most, got, last = resident(running), 0, 0, b""
        client.send(b"RETR 1\r\n")
        while not last.endswith(b"\r\n.\r\n"):
            data = client.socket.recv(1 << 20)
            assert data, "cut"
            got, last = got + len(data), (last + data)[-5:]
            if got % 7 == 0:
                most = max(most, resident(running))
        most = max(most, resident(running))
        assert client.ask(b"NOOP").startswith(b"+OK")
    assert got > 200 << 20
    assert most - before < LIMIT, (before, most)


@pytest.mark.parametrize("chain", ("none", "all"))
def test_client_that_does_not_read(server, gate, chains, chain):
    """The server is not read either: it cannot get rid of its 200 MB."""
    sent = []

    def count(connection, _):
        connection.send(b"+OK\r\nSubject: big\r\n\r\n")
        for number in range(200):
            connection.send(MEGABYTE)
            sent.append(number)

    drop = server(Maildrop([b""], script={"RETR": count}))
    running = gate(drop.port, filters=chains[chain])
    with Wire(running.port) as client:
        client.login(BOB)
        before = resident(running)
        client.send(b"RETR 1\r\n")
        time.sleep(1.5)
        assert resident(running) - before < LIMIT
        assert len(sent) < 60
        client.socket.close()


@pytest.mark.skipif(ASAN, reason="AddressSanitizer's allocations are larger")
def test_slow_tls_clients(server, gate, authority, certificate):
    """What waits for each is bounded, and when they read at last they get all of it, up to close_notify."""
    mail = message("eight million", (b"z" * 70 + b"\r\n") * 116_000)
    running = gate(server(Maildrop([mail])).port, {"tls": "implicit", "certificate": [certificate]}, workers=1)
    context = Place(0, ca=authority.file).context()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Wire(running.port, tls=context, timeout=60)).login(BOB) for _ in range(12)]
        before = resident(running)
        for client in clients:
            client.send(b"RETR 1\r\nQUIT\r\n")
        time.sleep(1.5)
        each = (resident(running) - before) / len(clients)
        for client in clients:
            assert client.line().startswith(b"+OK")
            assert client.listing() == stuff(mail)
            assert client.line().startswith(b"+OK")
            assert client.rest() == (b"", "close_notify")
    assert each < 200, f"{each} KB"


def test_endless_line_of_a_client(server, gate):
    running = gate(server(Maildrop()).port)
    with Wire(running.port) as client:
        client.greet()
        before = resident(running)
        try:
            for _ in range(64):
                client.send(b"USER" + MEGABYTE)
        except OSError:
            pass
        assert resident(running) - before < LIMIT


def test_endless_answers_of_a_server(server, gate):
    """A status line, a listing and a CAPA that never end."""
    def flood(connection, _):
        connection.send(b"+OK\r\n")
        for _ in range(100):
            connection.send(b"1 100\r\n" * 150_000)

    drop = server(Maildrop(script={"LIST": flood, "UIDL": flood, "CAPA": flood, "NOOP": lambda c, _: endless(c, b"+OK ", b"")}))
    running = gate(drop.port, upstream={"reply_timeout": "2s", "connect_timeout": "2s"})
    before = resident(running)
    for command in (b"NOOP", b"LIST", b"UIDL", b"CAPA"):
        with Wire(running.port, timeout=5) as client:
            try:
                client.login(BOB)
                client.send(command + b"\r\n")
                time.sleep(0.5)
                for _ in range(100):
                    client.socket.recv(1 << 20)
            except (OSError, EOFError, AssertionError):
                pass
            assert resident(running) - before < LIMIT, command


class Mallinfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
                "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]


def allocated():
    """Octets of this process, as mallinfo2(3) counts them."""
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = Mallinfo
    return mallinfo().uordblks


def talk_tls(near, far):
    """A connection in memory between two contexts: the server's end of it, behind a handshake and a word from either side."""
    to_far, to_near = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = near.wrap_bio(to_near, to_far, server_hostname="localhost")
    end = far.wrap_bio(to_far, to_near, server_side=True)
    for each in (client, end) * 3:
        with contextlib.suppress(ssl.SSLWantReadError):
            each.do_handshake()
    client.write(b"x")
    end.write(end.read())
    assert client.read() == b"x"
    return end, to_near, to_far


def idle_openssl(near, certificate, count=100):
    """KB that OpenSSL itself, which Python gives the same modes, keeps for a connection that is idle: 16 in 3.0, 30 in 3.5."""
    far = server_context(certificate)
    kept = [talk_tls(near, far) for _ in range(10)]  # what all use in turn is there now
    gc.collect()
    before = allocated()
    kept += [talk_tls(near, far) for _ in range(count)]
    return (allocated() - before) / count / 1024


@pytest.mark.skipif(ASAN, reason="AddressSanitizer's allocations are larger")
def test_idle_tls_sessions(server, gate, authority, certificate):
    """What a logged-in session keeps while its client is silent, and what it leaves. Most of it is OpenSSL's own structure."""
    running = gate(server(Maildrop(), backlog=512).port, {"tls": "implicit", "certificate": [certificate]}, workers=1)
    context = Place(0, ca=authority.file).context()
    openssl = idle_openssl(context, certificate)

    def log_in(count):
        clients = [Wire(running.port, tls=context, timeout=30) for _ in range(count)]
        for client in clients:
            client.login(BOB)
        return clients

    first = log_in(30)  # what all use in turn is there now
    before = resident(running)
    others = log_in(300)
    most = resident(running)
    for client in first + others:
        client.socket.close()
    assert (most - before) / len(others) < openssl + 2, "KB"
    wait_until(lambda: resident(running) - before < (most - before) / 3, what="memory that goes back to the system")


def test_many_sessions(server, gate):
    """Two hundred at once, each in the middle of its life: what one costs."""
    running = gate(server(Maildrop(), backlog=256).port)
    before = resident(running)
    clients = [Wire(running.port, timeout=30) for _ in range(200)]
    for client in clients:
        client.login(BOB)
    each = (resident(running) - before) / len(clients)
    for client in clients:
        client.socket.close()
    assert each < 100, f"{each} KB"


STALLED = {
    "text": (25, message("held", b"x" * 78 + b"\r\n", b"") + (b"x" * 78 + b"\r\n") * 6000),
    "fields": (25, b"A:\r\n" * 52000 + b"\r\nbody\r\n"),
    "a header without an end": (100, b"A:\r\n" * 50000 + b"B: " + b"x" * 9000),
}


@pytest.mark.parametrize("shape", STALLED)
def test_hold_memory_holds(server, gate, folder, shape):
    """All that is kept for messages of which the server does not send the end, be it text, its fields or what is scored of it."""
    count, text = STALLED[shape]
    sent, go = threading.Semaphore(0), threading.Event()

    def stall(connection, _):
        connection.send(b"+OK\r\n" + text)
        sent.release()
        go.wait(60)
        connection.send(b"\r\n.\r\n")

    running = gate(server(Maildrop([b""] * 2, script={"RETR": stall})).port, filters=filters.every(folder, hold_limit="1M"),
                   hold_memory="2M")
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Wire(running.port, timeout=60)).login(BOB) for _ in range(count)]
        before = resident(running)
        for client in clients:
            client.send(b"RETR 1\r\n")
        for _ in clients:
            assert sent.acquire(timeout=30)
        time.sleep(1)
        most = resident(running)
        go.set()
        for client in clients:
            assert client.line().startswith(b"+OK") and unstuff(client.listing()).endswith(text + b"\r\n")
    assert most - before < 2 * 1024 + 14 * 1024, (before, most)
    assert not list((running.folder / "spool").iterdir())


def test_spilled_message_that_cannot_be_read(server, gate, folder):
    """The file is gone from under it: that session ends, in the middle and with a line in the log; the others go on."""
    text = message("held", (b"x" * 78 + b"\r\n") * 150_000, b"")
    running = gate(server(Maildrop([text, message("next", b"body\r\n")])).port, hold_memory="0",
                   filters=filters.score(folder, hold_limit="32M"))
    with Wire(running.port, timeout=60) as client, Wire(running.port) as other:
        client.login(BOB).send(b"RETR 1\r\n")
        assert client.line().startswith(b"+OK")
        for entry in Path(f"/proc/{running.workers()[0]}/fd").iterdir():
            if str(running.folder / "spool") in os.readlink(entry):
                os.truncate(entry, 500_000)
        with pytest.raises((ConnectionResetError, AssertionError)):
            client.listing()
        assert b"X-Spam-Status" in other.login(BOB).fetch(b"RETR 2")
    assert running.wait_log("error: .*message 1: what was held of it could not be read from spool_dir: Input/output error")
    assert running.wait_log("disconnected: a held message could not be read")


@pytest.mark.skipif(ASAN, reason="AddressSanitizer takes terabytes of addresses")
@pytest.mark.parametrize("megabytes", [120, 140, 300])
@pytest.mark.parametrize("on_failure", ["pass", "refuse"])
def test_message_that_there_is_no_memory_for(binary, new_folder, server, on_failure, megabytes):
    """It is that message's on_failure, and the worker lives on."""
    large = b"Subject: large\r\n\r\n" + b"one line of a very long letter, which goes on and on\r\n" * 600_000
    rules = new_folder("rules") / "rules.cf"
    rules.write_text("header A Subject =~ /small/\nscore A 9\n")
    score = {"module": "spam-score", "rules": [rules], "hold_limit": "64M", "on_failure": on_failure}
    port = server(Maildrop([large, b"Subject: small\r\n\r\nx\r\n"])).port
    running = Gate(new_folder("gate"), {"in": {"upstream": "server", "filters": ["score"]}},
                   {"server": {"server": [f"{HOST}:{port}"]}}, {"score": score}, hold_memory="512M")
    running.program = ["prlimit", f"--as={megabytes << 20}", POPGATE]
    running.start()
    try:
        worker, = running.workers()
        with Wire(running.port, timeout=60) as client:
            answer = client.login(BOB).ask(b"RETR 1")
            assert answer.startswith(b"+OK" if on_failure == "pass" else b"-ERR"), answer
            if on_failure == "pass":
                assert client.listing() == stuff(large)
            assert b"X-Spam-Flag: YES" in client.fetch(b"RETR 2")
        assert running.workers() == [worker]
        running.wait_log("message 1.*(there is no memory to look at a message of|Cannot allocate memory)")
    finally:
        running.stop()


def private(pid):
    """KB that are this process's own."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(number) for number in re.findall(r"(?m)^(?:Private_\w+|Anonymous): +(\d+)", text))


@pytest.mark.skipif(ASAN, reason="AddressSanitizer keeps what was freed")
def test_auditor_keeps_no_rules(server, gate, folder):
    """It outlives readings of proxy.conf: the rules of the first one would stay for as long as it lives."""
    chain = filters.every(folder)
    chain["score"]["rules"][0].write_text("".join(f"body A{n} /word{n} (?:and|or) other{n}/\nscore A{n} 1\n" for n in range(20000)))
    running = gate(server(Maildrop([])).port, filters=chain)
    auditor, = [pid for pid in running.workers() if "auditor" in Path(f"/proc/{pid}/comm").read_text()]
    worker, = set(running.workers()) - {auditor}
    assert private(worker) > 20 * 1024
    wait_until(lambda: private(auditor) < 4 * 1024, what="an auditor without rules")
