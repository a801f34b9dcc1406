"""Clients that are slow or silent."""
import socket
import time

import pytest

import secrets_sent
from places import HOST, wait_until
from scripted import Maildrop
from wire import Wire

BOB = secrets_sent.account("timeouts-bob")


def lasted(client, start):
    data, how = client.rest()
    return time.monotonic() - start, data


@pytest.mark.parametrize("drip", (b"", b"x", b"NOOP\r\n"), ids=("silent", "octets", "commands"))
def test_login_must_be_done_in_time(server, gate, drip):
    """Whatever trickles in meanwhile."""
    drop = server(Maildrop())
    port = gate(drop.port, {"login_timeout": "1s"}).port
    start = time.monotonic()
    with Wire(port) as client:
        client.greet()
        try:
            while time.monotonic() - start < 5:
                client.send(drip)
                time.sleep(0.1)
                client.socket.setblocking(False)
                try:
                    if not client.socket.recv(4096):
                        break
                except BlockingIOError:
                    pass
        except OSError:
            pass
    assert 0.7 < time.monotonic() - start < 4
    wait_until(lambda: drop.connections[0].ended)
    assert b"QUIT" not in drop.verbs()


def test_login_timeout_is_over_with_the_login(server, gate):
    with Wire(gate(server(Maildrop()).port, {"login_timeout": "1s"}).port) as client:
        client.login(BOB)
        assert client.quiet(1.6)
        assert client.ask(b"NOOP").startswith(b"+OK")


def test_server_is_given_up_at_once_when_the_client_is_gone(server, gate):
    """Else the next login meets a locked maildrop."""
    drop = server(Maildrop())
    with Wire(gate(drop.port).port) as client:
        client.login(BOB)
    wait_until(lambda: drop.connections[0].ended, 2, "the server's connection ends")


@pytest.fixture
def hurried(hurry):
    """popgate's clock runs two hundred times as fast: ten minutes are three seconds."""
    hurry(200)


def test_idle_client_is_left_without_an_answer(server, gate, hurried):
    """RFC 1939, 3: ten minutes after its last command, and nothing that it deleted is gone."""
    upstream = server(Maildrop([b"Subject: kept\r\n\r\nkept\r\n"]))
    with Wire(gate(upstream.port, {"login_timeout": "1h"}).port, timeout=20) as client:
        client.login(BOB)
        assert client.ask(b"DELE 1").startswith(b"+OK")
        time.sleep(2)
        assert client.ask(b"NOOP").startswith(b"+OK")
        took, data = lasted(client, time.monotonic())
    assert 2.5 < took < 5 and data == b""
    wait_until(lambda: upstream.connections[0].ended)
    assert upstream.verbs()[-1] == b"NOOP"


@pytest.fixture
def black_hole():
    """A port where connecting neither succeeds nor fails: its queue is full."""
    listener = socket.create_server((HOST, 0), backlog=0)
    fillers = [socket.socket() for _ in range(4)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
    time.sleep(0.1)
    yield listener.getsockname()[1]
    for each in (*fillers, listener):
        each.close()


def test_server_that_cannot_be_reached_gives_way_to_the_next(server, gate, black_hole):
    """connect_timeout is over: the log says so, and the session goes on; the next one does not try that server first."""
    good = server(Maildrop())
    running = gate(0, upstream={"server": [f"{HOST}:{black_hole}", f"{HOST}:{good.port}"], "connect_timeout": "1s"})
    for least, most in ((0.9, 4), (0, 0.8)):
        start = time.monotonic()
        with Wire(running.port) as client:
            assert client.greet() == b"+OK ready\r\n"
        assert least <= time.monotonic() - start < most
    assert running.wait_log(f"warning: .*{HOST}:{black_hole}: server did not greet in time")


def test_no_server_can_be_reached(gate, black_hole):
    running = gate(black_hole, upstream={"connect_timeout": "1s"})
    with Wire(running.port) as client:
        assert client.line().startswith(b"-ERR [SYS/TEMP]")
