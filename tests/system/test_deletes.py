"""What the client asked to delete is deleted, and nothing else: DELE and QUIT wait until every message before them is delivered."""
import socket
import struct
import time

import pytest

import mail
import secrets_sent
from clients import Place
from places import wait_until
from scripted import Maildrop
from wire import Wire, stuff

BOB = secrets_sent.account("deletes-bob")
BIG = [mail.message("big", b"0123456789abcdef" * 4 * 500_000 + b"\r\n")]  # 32 MB: more than all buffers on the way
CAPA = [b"PIPELINING", b"TOP", b"UIDL"]
ENDING = {b"DELE", b"QUIT"}


def vanish(client):
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()


@pytest.mark.parametrize("capa", (CAPA, None), ids=("pipelining", "plain"))
@pytest.mark.parametrize("end", ("fin", "rst", "half-close"))
def test_client_that_leaves_in_mid_message_deletes_nothing(server, gate, capa, end):
    drop = server(Maildrop(BIG, capa=capa))
    client = Wire(gate(drop.port).port)
    client.login(BOB)
    client.send(b"RETR 1\r\nDELE 1\r\nQUIT\r\n")
    client.take(100_000)
    if end == "rst":
        vanish(client)
    elif end == "fin":
        client.socket.close()
    else:
        client.socket.shutdown(socket.SHUT_WR)
        time.sleep(0.3)
        vanish(client)
    wait_until(lambda: drop.connections[0].ended, what="popgate gives the server up")
    assert not ENDING & set(drop.verbs())


def test_client_that_stops_reading_deletes_nothing(server, gate):
    drop = server(Maildrop(BIG, capa=CAPA))
    with Wire(gate(drop.port).port) as client:
        client.login(BOB)
        client.send(b"RETR 1\r\nDELE 1\r\nQUIT\r\n")
        client.take(1000)
        time.sleep(1.5)
        assert not ENDING & set(drop.verbs())


def test_client_that_reads_all_deletes(server, gate):
    """Even if it does not wait for the answers: QUIT is passed on."""
    drop = server(Maildrop(BIG, capa=CAPA))
    with Wire(gate(drop.port).port) as client:
        client.login(BOB)
        client.send(b"RETR 1\r\nDELE 1\r\nQUIT\r\n")
        assert client.line().startswith(b"+OK")
        client.listing()
    wait_until(lambda: drop.connections[0].ended)
    assert drop.verbs()[-2:] == [b"DELE", b"QUIT"]


def test_client_that_says_quit_and_leaves(server, gate):
    drop = server(Maildrop(BIG))
    with Wire(gate(drop.port).port) as client:
        client.login(BOB)
        assert client.ask(b"DELE 1").startswith(b"+OK")
        client.send(b"QUIT\r\n")
    wait_until(lambda: drop.connections[0].ended)
    assert drop.verbs()[-1] == b"QUIT"


def send_and_end(client, commands, end):
    """The commands and the end of the connection in one segment."""
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    client.send(commands)
    end()


@pytest.mark.parametrize("commands", (b"QUIT\r\n", b"DELE 1\r\nQUIT\r\n"), ids=("quit", "dele-quit"))
def test_client_that_says_all_and_leaves_at_once(server, gate, commands):
    """It was asked for, and no message was to be delivered before it."""
    drop = server(Maildrop(BIG))
    client = Wire(gate(drop.port).port).login(BOB)
    send_and_end(client, commands, client.socket.close)
    wait_until(lambda: drop.connections[0].ended)
    assert drop.verbs()[-commands.count(b"\n"):] == [line.split(b" ")[0] for line in commands.splitlines()]


@pytest.mark.parametrize("via", ("direct", "popgate"))
def test_client_that_says_all_and_then_only_reads(dovecot, letters, via, request):
    """As a shell does: commands into a pipe, then the end of input; the answers are still read."""
    account = dovecot.mailbox(f"half-{via}", letters)
    port = dovecot.port if via == "direct" else request.getfixturevalue("dovecot_gate").ports["none-none"]
    with Wire(port) as client:
        client.login(account)
        send_and_end(client, b"RETR 2\r\nDELE 2\r\nLIST 1\r\nQUIT\r\n", lambda: client.socket.shutdown(socket.SHUT_WR))
        assert client.line().startswith(b"+OK")
        assert client.listing() == stuff(letters[1])
        assert [client.line()[:3] for _ in range(3)] == [b"+OK"] * 3
    wait_until(lambda: dovecot.left(f"half-{via}") == len(letters) - 1)


def test_client_that_leaves_without_quit_commits_nothing(server, gate):
    drop = server(Maildrop(BIG))
    with Wire(gate(drop.port).port) as client:
        client.login(BOB)
        assert client.ask(b"DELE 1").startswith(b"+OK")
    wait_until(lambda: drop.connections[0].ended)
    assert b"QUIT" not in drop.verbs()


def test_shutdown_commits_nothing(server, gate):
    """TERM ends sessions after shutdown_timeout, without a QUIT that the client did not send."""
    drop = server(Maildrop(BIG))
    running = gate(drop.port, shutdown_timeout="300ms")
    with Wire(running.port) as client:
        client.login(BOB)
        assert client.ask(b"DELE 1").startswith(b"+OK")
        running.stop()
    wait_until(lambda: drop.connections[0].ended)
    assert b"QUIT" not in drop.verbs()


@pytest.mark.parametrize("tls", ("none", "implicit"))
def test_fetch_and_delete_from_dovecot(dovecot, dovecot_gate, letters, tls, authority):
    """A whole session that ends well, pipelined; the server's Maildir is empty behind it."""
    account = dovecot.mailbox(f"deleter-{tls}", letters)
    place = Place(dovecot_gate.ports[f"{tls}-none"], tls, authority.file)
    numbers = range(1, len(letters) + 1)
    with Wire(place.port, tls=place.context() if tls == "implicit" else None) as client:
        client.login(account)
        client.send(b"".join(b"RETR %d\r\nDELE %d\r\n" % (number, number) for number in numbers) + b"QUIT\r\n")
        for _ in numbers:
            assert client.line().startswith(b"+OK")
            client.listing()
            assert client.line().startswith(b"+OK")
        assert client.line().startswith(b"+OK")
        assert client.rest() == (b"", "fin" if tls == "none" else "close_notify")
    assert dovecot.left(account.user.decode()) == 0


def test_rset_takes_deletes_back(dovecot, dovecot_gate, letters):
    account = dovecot.mailbox("undecided", letters)
    with Wire(dovecot_gate.ports["none-none"]) as client:
        client.login(account)
        assert client.ask(b"DELE 1").startswith(b"+OK")
        assert client.ask(b"DELE 2").startswith(b"+OK")
        assert client.ask(b"RSET").startswith(b"+OK")
        assert client.ask(b"DELE 3").startswith(b"+OK")
        assert client.ask(b"QUIT").startswith(b"+OK")
    assert dovecot.left("undecided") == len(letters) - 1


def test_failed_update_is_told_to_the_client(server, gate):
    drop = server(Maildrop(BIG, script={"QUIT": b"-ERR some deleted messages not removed\r\n"}))
    with Wire(gate(drop.port).port) as client:
        client.login(BOB)
        client.ask(b"DELE 1")
        assert client.ask(b"QUIT") == b"-ERR some deleted messages not removed\r\n"
