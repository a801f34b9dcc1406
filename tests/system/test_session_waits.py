"""What a session waits for, and for how long: nothing that has come may lie unseen, and no one waits for what will not come."""
import os
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

import mail
import secrets_sent
from places import HOST, wait_until
from scripted import Maildrop, server_context
from test_session_ends import narrow
from wire import Wire

BOB = secrets_sent.account("waits-bob")


ENDLESS = b"+OK " + b"x" * 9000


def first_word(data, how):
    def serve(connection):
        if data:
            connection.send(data)
        getattr(connection, how)()
    return serve


HALF_GREETINGS = [(data, how) for data in (b"", b"+OK hel", ENDLESS) for how in ("fin", "rst")] + [(ENDLESS, "drain")]


@pytest.mark.parametrize("data,how", HALF_GREETINGS, ids=lambda value: value if isinstance(value, str) else len(value))
def test_greeting_that_does_not_end(gate, server, data, how):
    """A server that is of no use is left at once, not after connect_timeout."""
    bad, good = server(first_word(data, how)), server(Maildrop())
    running = gate(0, upstream={"server": [f"{HOST}:{bad.port}", f"{HOST}:{good.port}"], "connect_timeout": "20s"})
    with Wire(running.port, timeout=5) as client:
        assert client.greet() == b"+OK ready\r\n"


@pytest.mark.parametrize("tls", ["none", "implicit"])
@pytest.mark.parametrize("how", ["fin", "rst"])
def test_end_that_comes_with_octets(gate, server, authority, certificate, tls, how):
    """The last octets of a server and its end meet popgate in one event."""
    def retrieve(connection, argument):
        os.kill(worker, signal.SIGSTOP)
        connection.send(b"+OK\r\nSubject: half\r\n\r\nhalf\r\n")
        threading.Timer(0.2, os.kill, (worker, signal.SIGCONT)).start()
        getattr(connection, how)()

    upstream = server(Maildrop(script={"RETR": retrieve}), server_context(certificate), tls == "implicit")
    running = gate(upstream.port, upstream={"tls": tls, **({} if tls == "none" else {"tls_ca": authority.file})})
    worker, = wait_until(running.workers)
    with Wire(running.port, timeout=8) as client:
        client.login(BOB).send(b"RETR 1\r\n")
        assert client.rest()[1] == "rst"


def test_reset_that_comes_with_octets_of_a_client(gate, server):
    """No reply is due that would meet the reset, and the mailbox must not stay locked until idle_timeout."""
    running = gate(server(Maildrop()).port)
    worker, = wait_until(running.workers)
    with Wire(running.port) as client:
        client.login(BOB)
        os.kill(worker, signal.SIGSTOP)
        client.send(b"NO")
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.socket.close()
        threading.Timer(0.2, os.kill, (worker, signal.SIGCONT)).start()
        running.wait_log("client lost the connection", 5)


def test_slow_client_is_not_the_servers_fault(gate, server):
    """reply_timeout does not run while answers wait for a client that reads slowly."""
    upstream = server(Maildrop([mail.message("small")], capa=[b"PIPELINING"]))
    running = gate(upstream.port, upstream={"reply_timeout": "1s"})
    client = narrow(running.port).login(BOB)
    count = 20000
    threading.Thread(target=client.send, args=(b"RETR 1\r\n" * count + b"QUIT\r\n",), daemon=True).start()
    time.sleep(4)
    answers, how = client.rest()
    assert answers.endswith(b"+OK bye\r\n"), (len(answers), answers[-100:], running.log()[-400:])
    assert answers.count(b"+OK") == count + 1


def test_fast_session_leaves_room_for_others(gate, server, certificate):
    """A message that flows as fast as popgate can move it does not keep others from their greeting."""
    enough = []

    def retrieve(connection, argument):
        connection.send(b"+OK\r\n")
        while not enough:
            connection.send((b"x" * 70 + b"\r\n") * 20000)
        connection.send(b".\r\n")

    running = gate(server(Maildrop(script={"RETR": retrieve})).port, {"tls": "implicit", "certificate": [certificate]})
    reader = subprocess.Popen(["openssl", "s_client", "-quiet", "-connect", f"{HOST}:{running.port}"],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    reader.stdin.write(b"USER a\r\nPASS b\r\nRETR 1\r\n")
    reader.stdin.flush()
    time.sleep(1)
    times = sorted(greeting_time(running.port) for _ in range(5))
    enough.append(True)
    reader.kill()
    reader.wait()
    assert times[2] < 0.3, times


def greeting_time(port):
    begin = time.monotonic()
    with Wire(port, tls=ssl._create_unverified_context()) as client:
        client.greet()
    return time.monotonic() - begin
