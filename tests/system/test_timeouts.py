"""Clients that are slow or silent."""
import time

import pytest

import secrets_sent
from places import wait_until
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
