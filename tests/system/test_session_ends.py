"""Ends of sessions: clients and servers that hang up early, half or in the middle, and what is still done for them."""
import os
import signal
import socket
import threading
import time

import pytest

import mail
import secrets_sent
from places import HOST, wait_until
from scripted import Maildrop
from test_processes import called
from wire import Wire, stuff

BOB = secrets_sent.account("session-bob")
LOGIN = b"USER " + BOB.user + b"\r\nPASS " + BOB.password + b"\r\n"
LETTERS = [mail.message("one"), mail.message("two"), mail.message("three")]
PIPELINING = [b"PIPELINING"]


def narrow(port):
    """A client whose kernel takes little, so that what it does not read stays with popgate."""
    client = Wire.__new__(Wire)
    client.socket, client.buffer, client.name = socket.socket(), b"", "localhost"
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.socket.settimeout(15)
    client.socket.connect((HOST, port))
    return client


def send_many(client, count):
    threading.Thread(target=client.send, args=(b"RETR 1\r\n" * count,), daemon=True).start()


def test_half_closed_client_gets_every_answer(gate, server):
    upstream = server(Maildrop(LETTERS))
    with Wire(gate(upstream.port).port) as client:
        client.send(LOGIN + b"STAT\r\nDELE 1\r\nQUIT\r\n")
        client.socket.shutdown(socket.SHUT_WR)
        answers, how = client.rest()
    assert (answers.count(b"+OK"), how) == (6, "fin"), answers
    assert upstream.verbs()[-1] == b"QUIT"


@pytest.mark.parametrize("capa", [None, PIPELINING])
def test_quit_of_a_client_that_does_not_wait(gate, server, capa):
    """Deletes and QUIT that were sent are carried out, though their answers meet a closed connection."""
    upstream = server(Maildrop(LETTERS, capa=capa, delay=0.05))
    client = Wire(gate(upstream.port).port).login(BOB)
    client.send(b"DELE 1\r\nDELE 2\r\nDELE 3\r\nQUIT\r\n")
    client.socket.close()
    wait_until(lambda: b"QUIT" in upstream.verbs(), 5, "QUIT")
    assert upstream.connections[-1].deleted == {b"1", b"2", b"3"}


@pytest.mark.parametrize("capa", [None, PIPELINING])
def test_client_that_dies_before_the_message_comes(gate, server, capa):
    """Its system took the message, and nobody read it: what was to follow the message is not done."""
    upstream = server(Maildrop(LETTERS, capa=capa, delay=0.1))
    client = Wire(gate(upstream.port).port).login(BOB)
    client.send(b"RETR 1\r\nDELE 1\r\nQUIT\r\n")
    client.socket.close()
    wait_until(lambda: upstream.connections[-1].ended, 5, "the server is left")
    assert b"RETR" in upstream.verbs() and not {b"DELE", b"QUIT"} & set(upstream.verbs())


def test_half_closed_client_that_reads_deletes(gate, server):
    upstream = server(Maildrop(LETTERS))
    with Wire(gate(upstream.port).port).login(BOB) as client:
        client.send(b"RETR 1\r\nDELE 1\r\nQUIT\r\n")
        client.socket.shutdown(socket.SHUT_WR)
        answers, how = client.rest()
    assert LETTERS[0] in answers and how == "fin"
    assert upstream.verbs()[-3:] == [b"RETR", b"DELE", b"QUIT"]


def test_client_gone_in_sasl(gate, server):
    """A client that hangs up when its response is due does not keep the server."""
    upstream = server(Maildrop())
    client = Wire(gate(upstream.port).port)
    client.greet()
    assert client.ask(b"AUTH PLAIN").startswith(b"+ ")
    client.socket.close()
    wait_until(lambda: upstream.connections[-1].ended, 5, "the server is left")


def stalled(upstream):
    """How many commands the server has when no more come."""
    counts = [-1]
    while len(counts) < 3 or counts[-1] != counts[-3]:
        time.sleep(0.25)
        counts.append(len(upstream.commands()))
    return counts[-1]


def test_answers_of_a_server_that_closed(gate, server):
    """What the server said before it closed reaches a client that reads slowly."""
    last = []

    def retrieve(connection, argument):
        connection.send(b"+OK\r\n" + stuff(LETTERS[0]))
        if len(connection.commands) in last:
            connection.fin()

    upstream = server(Maildrop(capa=PIPELINING, script={"RETR": retrieve}))
    running = gate(upstream.port)
    send_many(narrow(running.port).login(BOB), 20000)
    last.append(stalled(upstream))
    client = narrow(running.port).login(BOB)
    send_many(client, last[0] - 2)  # behind USER and PASS; what the server can do is known by now
    stalled(upstream)
    answers, _ = client.rest()
    assert answers.count(LETTERS[0]) == last[0] - 2, (last, answers[-100:])


def test_shutdown_resets_who_has_not_got_all(gate, server):
    """shutdown_timeout is over while whole messages wait for their client: what it has must not look complete."""
    upstream = server(Maildrop([mail.message("four K", b"x" * 70 + b"\r\n" * 1700)]))
    running = gate(upstream.port, shutdown_timeout="200ms")
    client = narrow(running.port).login(BOB)
    send_many(client, 2500)
    stalled(upstream)
    running.process.send_signal(signal.SIGTERM)
    wait_until(lambda: running.process.poll() is not None, 10, "the end")
    data, how = client.rest()
    assert how == "rst", (how, len(data), running.log()[-500:])


@pytest.mark.parametrize("reply", [b"+OK\r\nSubject: half\r\n\r\nhalf\r\n", b"+OK\r\n1 100\r\n"], ids=["message", "list"])
def test_worker_that_is_killed_in_the_middle_of_a_reply(gate, server, reply):
    """What the client has must not look complete."""
    def half(connection, argument):
        connection.send(reply)
        connection.drain()

    running = gate(server(Maildrop(LETTERS, script={"RETR": half, "LIST": half})).port)
    with Wire(running.port).login(BOB) as client:
        client.ask(b"LIST" if b"100" in reply else b"RETR 1")
        os.kill(called(running, "worker")[0], signal.SIGKILL)
        assert client.rest()[1] == "rst"


def test_worker_that_is_killed_before_a_client_has_read_all(gate, server):
    running = gate(server(Maildrop([mail.message("eight million", (b"z" * 70 + b"\r\n") * 116_000)])).port)
    client = narrow(running.port).login(BOB)
    client.send(b"RETR 1\r\n")
    client.line()
    time.sleep(0.5)
    os.kill(called(running, "worker")[0], signal.SIGKILL)
    assert client.rest()[1] == "rst"


def test_worker_that_is_killed_behind_a_reply(gate, server):
    """A message that came in parts, and is whole: the client gets it."""
    wire = stuff(LETTERS[0])

    def in_parts(connection, argument):
        connection.send(b"+OK\r\n" + wire[:20])
        connection.send(wire[20:], 0.2)

    running = gate(server(Maildrop(LETTERS, script={"RETR": in_parts})).port)
    with Wire(running.port).login(BOB) as client:
        client.send(b"RETR 1\r\n")
        time.sleep(0.5)
        os.kill(called(running, "worker")[0], signal.SIGKILL)
        assert client.rest() == (b"+OK message follows\r\n" + wire, "fin")
