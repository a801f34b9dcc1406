"""A server that is down, talks nonsense or never stops: the session ends cleanly, the client hears why, and the log says more."""
import time

import pytest

import filters
import mail
import secrets_sent
from places import free_port, short
from scripted import Maildrop
from wire import Wire

BOB = secrets_sent.account("bad-bob")
MAIL = [mail.message("fine")]
BODY = MAIL[0].partition(b"\r\n\r\n")[2]


def first_error(client):
    """Logs in until an -ERR comes; that line."""
    line = client.line()
    for command in (b"USER " + BOB.user, b"PASS " + BOB.password):
        if line.startswith(b"-ERR"):
            return line
        line = client.ask(command)
    return line


def test_server_that_is_down(gate):
    port = free_port()
    running = gate(port)
    for _ in range(2):
        with Wire(running.port) as client:
            assert first_error(client).startswith(b"-ERR [SYS/TEMP]")
    assert running.wait_log(rf"127\.0\.0\.1:{port}.*refused")


def test_next_server_is_tried(server, gate):
    drop = server(Maildrop(MAIL))
    running = gate(0, upstream={"server": [f"127.0.0.1:{free_port()}", f"127.0.0.1:{drop.port}"]})
    with Wire(running.port) as client:
        client.login(BOB)
        assert client.fetch(b"RETR 1") == MAIL[0]


def test_server_that_never_greets(server, gate):
    drop = server(lambda connection: connection.drain(20))
    start = time.monotonic()
    with Wire(gate(drop.port, upstream={"connect_timeout": "1s"}).port) as client:
        assert first_error(client).startswith(b"-ERR [SYS/TEMP]")
    assert time.monotonic() - start < 6


GREETINGS = {
    "-ERR": b"-ERR too many connections\r\n",
    "nonsense": b"220 mail.example ESMTP\r\n",
    "endless line": b"+OK " + b"x" * 200_000,
    "long line": b"+OK " + b"x" * 2000 + b"\r\n",
    "with a listing": b"+OK ready\r\n+OK\r\n1 100\r\n.\r\n",
    "empty line": b"\r\n",
    "only a line feed": b"\n",
    "nul": b"\0\0\0\0\r\n",
}


@pytest.mark.parametrize("name", GREETINGS)
def test_wrong_greeting(server, gate, name):
    def serve(connection):
        connection.send(GREETINGS[name])
        while True:
            connection.line()
            connection.send(b"-ERR I am not well\r\n")

    drop = server(serve)
    with Wire(gate(drop.port, upstream={"connect_timeout": "2s", "reply_timeout": "2s"}).port) as client:
        line = first_error(client)
    assert line.startswith(b"-ERR") and len(line) <= 512
    assert b"PASS" not in drop.verbs()


ANSWERS = {
    "no indicator": b"maybe\r\n",
    "lower case": b"+ok\r\n",
    "empty line": b"\r\n",
    "smtp": b"250 OK\r\n",
    "sasl challenge": b"+ \r\n",
    "endless line": b"+OK " + b"x" * 200_000,
    "binary": bytes(range(1, 256)) + b"\r\n",
}


@pytest.mark.parametrize("verb", ("NOOP", "LIST", "RETR", "QUIT"))
@pytest.mark.parametrize("name", ANSWERS)
def test_nonsense_for_an_answer_ends_the_session(server, gate, name, verb):
    drop = server(Maildrop(MAIL, script={verb: ANSWERS[name]}))
    running = gate(drop.port, upstream={"reply_timeout": "2s"})
    with Wire(running.port) as client:
        client.login(BOB)
        client.send(verb.encode() + (b" 1\r\n" if verb == "RETR" else b"\r\n"))
        data, how = client.rest()
    assert not data.startswith(b"+OK") and len(data) <= 600, data
    assert not data or data.startswith(b"-ERR"), data
    assert drop.verbs().count(b"QUIT") == (verb == "QUIT")
    assert running.wait_log("warning: .*server")


@pytest.mark.parametrize("extra", (b"+OK surprise\r\n", b"-ERR surprise\r\n", b"x", b"\r\n"), ids=short)
@pytest.mark.parametrize("verb", ("NOOP", "RETR"))
def test_unsolicited_octets_are_never_an_answer(server, gate, verb, extra):
    usual = getattr(Maildrop(MAIL), "do_" + verb)
    drop = server(Maildrop(MAIL, script={verb: lambda connection, argument: usual(connection, argument) + extra}))
    with Wire(gate(drop.port).port) as client:
        client.login(BOB)
        client.send(b"RETR 1\r\n" if verb == "RETR" else b"NOOP\r\n")
        try:
            status = client.line()
            if verb == "RETR" and status.startswith(b"+OK"):
                client.listing()
            time.sleep(0.2)
            client.send(b"STAT\r\n")
            answer = client.line()
            assert answer.startswith((b"+OK 1 ", b"-ERR")), answer
            assert b"surprise" not in answer
        except (EOFError, OSError):
            pass


def test_status_line_that_is_long_is_cut(server, gate):
    drop = server(Maildrop(MAIL, script={"NOOP": b"+OK " + b"x" * 800 + b"\r\n"}))
    with Wire(gate(drop.port).port) as client:
        client.login(BOB)
        line = client.ask(b"NOOP")
        assert line.startswith((b"+OK", b"-ERR")) and len(line) <= 512


@pytest.mark.parametrize("size", (b"-5", b"0", b"1", b"99999999999999999999", b"abc"), ids=short)
def test_sizes_that_lie_change_nothing(server, gate, size):
    usual = Maildrop(MAIL).do_RETR
    drop = server(Maildrop(MAIL, script={
        "LIST": b"+OK\r\n1 " + size + b"\r\n.\r\n", "STAT": b"+OK 1 " + size + b"\r\n",
        "RETR": lambda connection, argument: b"+OK %s octets\r\n" % size + usual(connection, argument).partition(b"\r\n")[2]}))
    with Wire(gate(drop.port).port) as client:
        client.login(BOB)
        client.ask(b"STAT")
        client.fetch(b"LIST")
        status = client.ask(b"RETR 1")
        assert not any(word.lstrip(b"-").isdigit() and int(word) != len(MAIL[0]) for word in status.split())
        client.listing()
        assert client.fetch(b"RETR 1") == MAIL[0]


def test_answer_that_never_comes(server, gate):
    drop = server(Maildrop(MAIL, script={"LIST": lambda connection, _: connection.drain(20)}))
    running = gate(drop.port, upstream={"reply_timeout": "1s"})
    start = time.monotonic()
    with Wire(running.port) as client:
        client.login(BOB)
        client.send(b"LIST\r\n")
        data, _ = client.rest()
    assert data.startswith(b"-ERR [SYS/TEMP]") and 0.5 < time.monotonic() - start < 6
    assert b"QUIT" not in drop.verbs()


def test_message_that_stalls(server, gate):
    def stall(connection, _):
        connection.send(b"+OK\r\nSubject: x\r\n\r\nhalf a")
        connection.drain(20)

    drop = server(Maildrop(MAIL, script={"RETR": stall}))
    with Wire(gate(drop.port, upstream={"reply_timeout": "1s"}).port) as client:
        client.login(BOB)
        client.send(b"RETR 1\r\nDELE 1\r\nQUIT\r\n")
        data, how = client.rest()
    assert how == "rst" and not data.endswith(b".\r\n")
    assert not {b"DELE", b"QUIT"} & set(drop.verbs())


def test_slow_server_is_not_cut_while_octets_come(server, gate):
    """reply_timeout is without an octet, not for the whole reply."""
    def slow(connection, _):
        for octet in b"+OK\r\nSubject: x\r\n\r\nslow\r\n.\r\n":
            connection.send(bytes([octet]), 0.06)

    drop = server(Maildrop(MAIL, script={"RETR": slow}))
    with Wire(gate(drop.port, upstream={"reply_timeout": "500ms"}).port) as client:
        client.login(BOB)
        assert client.fetch(b"RETR 1") == b"Subject: x\r\n\r\nslow\r\n"


@pytest.mark.parametrize("capa", ([b"TOP", b"PIPELINING"], None), ids=("pipelining", "one-by-one"))
@pytest.mark.parametrize("command", (b"RETR 1", b"TOP 1 9"), ids=short)
def test_unique_ids_in_one_line(server, gate, folder, capa, command):
    """popgate asks for the list, and gets +OK alone: messages come all the same, and it does not ask again."""
    drop = server(Maildrop(MAIL, script={"UIDL": lambda _, argument: b"+OK none\r\n"}, capa=capa))
    running = gate(drop.port, upstream={"reply_timeout": "4s"}, filters=filters.score(folder), workers=1)
    for asked in (1, 0):
        begun = time.monotonic()
        with Wire(running.port) as client:
            client.login(BOB)
            if capa:
                assert client.ask(b"CAPA").startswith(b"+OK") and client.listing()
            for _ in range(2):
                assert client.fetch(command).endswith(b"\r\n\r\n" + BODY)
            assert client.ask(b"NOOP").startswith(b"+OK") and client.ask(b"QUIT").startswith(b"+OK")
        assert time.monotonic() - begun < 2
        assert drop.connections[-1].commands.count(b"UIDL") == asked


def test_list_of_unique_ids_that_comes_late(server, gate, folder):
    """It was not waited for, and goes in front of the message that was asked for meanwhile; then it is asked for again."""
    def slow(connection, argument):
        connection.send(b"+OK\r\n")
        time.sleep(1.2)
        return b"1 late\r\n.\r\n"

    drop = server(Maildrop(MAIL, script={"UIDL": slow}))
    running = gate(drop.port, upstream={"reply_timeout": "4s"}, filters=filters.every(folder), workers=1)
    for _ in range(2):
        with Wire(running.port) as client:
            client.login(BOB)
            assert client.fetch(b"RETR 1").endswith(b"\r\n\r\n" + BODY)
            client.ask(b"QUIT")
        assert [line for line in drop.connections[-1].commands if line != b"NOOP"][-3:] == [b"UIDL", b"RETR 1", b"QUIT"]


@pytest.mark.parametrize("word", (b"", b"-ERR bad command\r\n"), ids=short)
def test_server_that_ends_at_a_list_of_unique_ids(server, gate, folder, word):
    """The session in which that shows is lost, for its password is not kept; the next one goes on without."""
    def hang_up(connection, argument):
        connection.send(word)
        connection.fin()

    drop = server(Maildrop(MAIL, script={"UIDL": hang_up}))
    running = gate(drop.port, filters=filters.score(folder), workers=1)
    with Wire(running.port) as client:
        client.login(BOB)
        assert client.ask(b"RETR 1").startswith(b"-ERR [SYS/TEMP]")
    for asked in (0, 1):
        with Wire(running.port) as client:
            client.login(BOB)
            if asked:  # the client asks: it has become better, and is asked again
                drop.serve.script = {}
                assert client.fetch(b"UIDL") and client.fetch(b"UIDL")
            assert client.fetch(b"RETR 1").endswith(b"\r\n\r\n" + BODY)
            client.ask(b"QUIT")
    with Wire(running.port) as client:
        client.login(BOB)
        assert client.fetch(b"RETR 1").endswith(b"\r\n\r\n" + BODY)
    assert [connection.commands.count(b"UIDL") for connection in drop.connections] == [1, 0, 2, 1]
