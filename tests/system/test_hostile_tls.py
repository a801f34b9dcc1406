"""Peers that use TLS against popgate: what ends their own session may end nothing else."""
import socket
import struct
import time

import pytest

import secrets_sent
from clients import Place
from popgate import tls_upstream
from scripted import Maildrop, server_context
from test_processes import called
from wire import Wire

BOB = secrets_sent.account("hostile-bob")
SLOW = 0.15  # seconds


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.socket(fileno=sock.detach()).close()


def say_and_reset(client, data, wait):
    """`data` and close_notify in one write, and a reset behind them: before the answer, if that takes longer than `wait`."""
    inner = client.socket
    inner.tls.write(data)
    try:
        inner.tls.unwrap()
    except OSError:
        pass  # it would wait for the other side's
    inner.flush()
    time.sleep(wait)
    reset(inner.socket)


def slowly(answer):
    def serve(connection, argument):
        time.sleep(SLOW)
        return answer
    return serve


@pytest.mark.parametrize("tls", ["implicit", "stls"])
@pytest.mark.parametrize("login", [False, True], ids=["before login", "after login"])
def test_client_that_says_its_last_word_and_resets(gate, server, authority, certificate, tls, login):
    """The answer cannot be written, though the client ended in good order."""
    script = {"CAPA": slowly(b"-ERR no\r\n"), "NOOP": slowly(b"+OK\r\n")}
    running = gate(server(Maildrop(script=script)).port, {"tls": tls, "certificate": [certificate]})
    before = called(running, "worker")
    context = Place(0, ca=authority.file).context()
    for data, wait in ((b"what\r\n", 0), (b"CAPA\r\n", SLOW / 3), (b"NOOP\r\n", SLOW / 3)):
        client = Wire(running.port, tls=context if tls == "implicit" else None)
        client.greet()
        if tls == "stls":
            client.stls(context)
        if login:
            client.ask(b"USER " + BOB.user)
            client.ask(b"PASS " + BOB.password)
        say_and_reset(client, data, wait)
    time.sleep(2 * SLOW)
    with Wire(running.port, tls=context if tls == "implicit" else None) as other:
        other.greet()
    assert called(running, "worker") == before


@pytest.mark.parametrize("tls", ["implicit", "stls"])
def test_server_that_says_its_last_word_and_resets(gate, server, authority, certificate, tls):
    """The same from the other side: the next command cannot be written."""
    def last_words(connection, argument):
        connection.send(b"+OK\r\n")
        connection.socket.settimeout(0)
        try:
            connection.socket.unwrap()
        except OSError:
            pass
        connection.rst()

    drop = server(Maildrop(script={"STAT": last_words}), server_context(certificate), tls == "implicit")
    running = gate(drop.port, upstream=tls_upstream(drop.port, tls, authority))
    before = called(running, "worker")
    for _ in range(3):
        with Wire(running.port) as client:
            client.login(BOB)
            client.send(b"STAT\r\nNOOP\r\nNOOP\r\nNOOP\r\n")
            client.rest()
    assert called(running, "worker") == before
