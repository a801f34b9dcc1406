"""Commands sent without waiting: answers in their order, whatever the server can do; and two peers that both only write."""
import re
import threading
import time

import pytest

import secrets_sent
from places import records, wait_until
from scripted import Maildrop
from wire import Wire, plain, stuff, unstuff

BOB = secrets_sent.account("pipelining-bob")
MAIL = [b"Subject: %d\r\n\r\n.body %d\r\n" % (number, number) + b"x" * 60 + b"\r\n" for number in range(1, 31)]
CAN = [b"TOP", b"UIDL", b"PIPELINING"]


def read_all(client, count):
    messages = []
    for _ in range(count):
        assert client.line().startswith(b"+OK")
        messages.append(unstuff(client.listing()))
    return messages


@pytest.mark.parametrize("kind", ("pipelining", "plain", "old"))
def test_everything_in_one_packet(server, gate, kind):
    drop = server(Maildrop(MAIL, capa=CAN if kind == "pipelining" else None, old=kind == "old"))
    commands = [b"USER bob", b"PASS Sesam-4", b"STAT"] + [b"RETR %d" % number for number in range(1, 31)]
    commands += [b"DELE %d" % number for number in range(1, 31)] + [b"QUIT"]
    with Wire(gate(drop.port).port) as client:
        client.send(b"".join(command + b"\r\n" for command in commands))
        client.greet()
        assert [client.line()[:3] for _ in range(3)] == [b"+OK"] * 3
        assert read_all(client, 30) == MAIL
        assert [client.line()[:3] for _ in range(31)] == [b"+OK"] * 31
        assert client.rest() == (b"", "fin")
    server_got = [line for line in drop.commands() if not line.startswith((b"CAPA", b"UIDL", b"NOOP"))]
    assert server_got == commands
    assert kind == "pipelining" or not drop.connections[0].pipelined


def test_pipelining_off_sends_one_command_at_a_time(server, gate):
    drop = server(Maildrop(MAIL, capa=CAN, delay=0.01))
    with Wire(gate(drop.port, upstream={"pipelining": "off"}).port) as client:
        client.login(BOB)
        client.send(b"".join(b"RETR %d\r\n" % number for number in range(1, 31)))
        assert read_all(client, 30) == MAIL
    assert not drop.connections[0].pipelined


def log_in(port, password=b"x", capa=False):
    """A session of a client that waits for every answer; the answers to CAPA, USER and PASS."""
    with Wire(port) as client:
        client.greet()
        if capa:
            assert client.ask(b"CAPA").startswith(b"+OK") and client.listing()
        answers = [client.ask(b"USER bob"), client.ask(b"PASS " + password)]
        client.ask(b"QUIT")
        return answers


def test_name_and_password_go_together(server, gate):
    """To a server that listed PIPELINING and took a name before: a login is one way to it, not two."""
    drop = server(Maildrop(MAIL, capa=CAN))
    port = gate(drop.port, workers=1).port
    for capa in (False, True, False):
        assert [answer[:3] for answer in log_in(port, capa=capa)] == [b"+OK", b"+OK"]
    assert log_in(port, b"wrong")[1].startswith(b"-ERR no such login")
    log_in(port, capa=True)  # what fails takes back that it pipelines, until it says so again
    with Wire(port) as client:  # a name that no password follows goes nowhere
        client.greet()
        assert client.ask(b"USER eve").startswith(b"+OK") and client.ask(b"USER bob").startswith(b"+OK")
        assert client.ask(b"NOOP").startswith(b"-ERR") and client.ask(b"PASS x").startswith(b"+OK")
        assert client.ask(b"QUIT").startswith(b"+OK")
    assert [connection.pipelined for connection in drop.connections] == [False, True, True, True, False, True]
    assert drop.connections[2].commands == [b"USER bob", b"PASS x", b"QUIT"]
    assert drop.connections[5].commands == [b"USER bob", b"PASS x", b"QUIT"]


def test_name_that_is_refused_keeps_the_password_back(server, gate):
    """The client hears why, and until a name is taken again no password leaves before the server's word."""
    words = []
    drop = server(Maildrop(MAIL, capa=CAN, script={"USER": lambda *_: words[-1], "PASS": lambda *_: words[-1]}))
    port = gate(drop.port, workers=1).port
    for word in (b"+OK\r\n", b"-ERR [AUTH] not you\r\n", b"-ERR [AUTH] not you\r\n", b"+OK\r\n", b"+OK\r\n"):
        words.append(word)
        with Wire(port) as client:
            client.greet()
            assert client.ask(b"CAPA").startswith(b"+OK") and client.listing()
            answers = client.ask(b"USER bob") + client.ask(b"PASS x")
            assert answers.count(b"+OK") == 2 or word in answers
            client.ask(b"QUIT")
    sent = [b"PASS x" in connection.commands for connection in drop.connections]
    assert [connection.pipelined for connection in drop.connections] == [False, True, False, False, True]
    assert sent == [True, True, False, True, True]


def open_door(server, gate, upstream=None, **script):
    """Port of a popgate that sends the next name together with its password, and the server behind it."""
    drop = server(Maildrop(MAIL, capa=CAN, script=script))
    port = gate(drop.port, upstream=upstream, workers=1).port
    log_in(port, capa=True)
    return port, drop


def test_refusal_of_one_name_is_not_said_of_another(server, gate):
    port, _ = open_door(server, gate, USER=lambda _, name: b"-ERR [AUTH] no eve\r\n" if name == b"eve" else b"+OK\r\n",
                        PASS=lambda _, word: b"-ERR not this word\r\n" if word == b"wrong" else b"+OK\r\n")
    with Wire(port) as client:
        client.greet()
        assert client.ask(b"USER eve").startswith(b"+OK") and client.ask(b"PASS wrong") == b"-ERR [AUTH] no eve\r\n"
        assert client.ask(b"USER bob").startswith(b"+OK") and client.ask(b"PASS wrong") == b"-ERR not this word\r\n"


def test_server_that_does_not_pipeline_after_all(server, gate):
    """It lists PIPELINING in one state only, and the client asks between name and password."""
    drop = server(Maildrop(MAIL, capa=CAN))
    port = gate(drop.port, workers=1).port
    log_in(port, capa=True)
    drop.serve.capa = [b"TOP", b"UIDL"]
    with Wire(port) as client:
        client.greet()
        assert client.ask(b"USER bob").startswith(b"+OK")
        assert client.ask(b"CAPA").startswith(b"+OK") and client.listing()
        assert client.ask(b"PASS x").startswith(b"+OK")
    assert not drop.connections[1].pipelined


def late(words, seconds):
    return lambda connection, _: time.sleep(seconds) or words


# What stands at the address now: what it does, and what it is to be sent. Its reply_timeout is 4 s, and a trial takes half a one.
OTHERS = {
    "takes one line of what it reads": (Maildrop(MAIL, old=True), [b"USER bob", b"CAPA", b"USER bob", b"PASS x"]),
    "as before, and lists what it cannot do": (Maildrop(MAIL, old=True, script={"CAPA": b"+OK\r\nPIPELINING\r\n.\r\n"}),
                                               [b"USER bob", b"CAPA", b"USER bob", b"PASS x"]),
    "as before, and its list is empty": (Maildrop(MAIL, old=True, script={"CAPA": b"+OK\r\n.\r\n"}),
                                         [b"USER bob", b"CAPA", b"USER bob", b"PASS x"]),
    "takes its time": (Maildrop(MAIL, capa=CAN, script={"PASS": late(b"+OK welcome\r\n", 1.2)}), [b"USER bob", b"PASS x", b"CAPA"]),
}


@pytest.mark.parametrize("other", OTHERS)
def test_another_server_stands_there_now(server, gate, other):
    """The one that was there pipelined. Nobody is kept waiting for reply_timeout, and no password is sent to be judged twice."""
    drop = server(Maildrop(MAIL, capa=CAN))
    port = gate(drop.port, upstream={"reply_timeout": "4s"}, workers=1).port
    log_in(port, capa=True)
    drop.serve, commands = OTHERS[other]
    begun = time.monotonic()
    with Wire(port) as client:
        client.greet()
        assert client.ask(b"USER bob").startswith(b"+OK") and client.ask(b"PASS x") == b"+OK welcome\r\n"
        assert time.monotonic() - begun < 3
        client.send(b"RETR 1\r\nRETR 2\r\n")
        assert read_all(client, 2) == MAIL[:2]
        client.ask(b"QUIT")
    assert drop.connections[1].commands[:len(commands)] == commands
    assert drop.connections[1].commands.count(b"PASS x") == 1
    if drop.serve.old:  # and that is remembered
        log_in(port)
        assert drop.connections[2].commands == [b"USER bob", b"PASS x", b"QUIT"]


@pytest.mark.parametrize("seconds", (0, 1.2), ids=("soon", "late"))
@pytest.mark.parametrize("capa", (CAN, None), ids=("list", "no-list"))
def test_password_that_is_judged_is_sent_once(server, gate, seconds, capa):
    """However long that takes; and the words are the server's."""
    port, drop = open_door(server, gate, upstream={"reply_timeout": "4s"}, PASS=lambda *_: b"+OK\r\n")
    drop.serve.capa, drop.serve.script["PASS"] = capa, late(b"-ERR [AUTH] not this word\r\n", seconds)
    with Wire(port) as client:
        client.greet()
        assert client.ask(b"USER bob").startswith(b"+OK") and client.ask(b"PASS x") == b"-ERR [AUTH] not this word\r\n"
        assert client.ask(b"QUIT").startswith(b"+OK")
    assert drop.connections[1].commands == [b"USER bob", b"PASS x", *([b"CAPA"] if seconds else []), b"QUIT"]


@pytest.mark.parametrize("answers", (0, 1), ids=("before the name", "behind the name"))
@pytest.mark.parametrize("end", ("fin", "rst"))
def test_server_that_hangs_up_on_both_together(server, gate, answers, end):
    """Before it answered the name it cannot have come to the password; behind that it may have, and the client is told to try again."""
    def strict(connection):
        connection.send(b"+OK strict\r\n")
        connection.line()
        if connection.pipelined:
            connection.send(b"+OK\r\n" * answers)
            getattr(connection, end)()
        connection.send(b"+OK\r\n")
        connection.line()
        connection.send(b"+OK welcome\r\n")
        connection.line()
        connection.send(b"+OK bye\r\n")

    port, drop = open_door(server, gate)
    drop.serve = strict
    with Wire(port) as client:
        client.greet()
        assert client.ask(b"USER bob").startswith(b"+OK")
        answer = client.ask(b"PASS x")
        assert answer.startswith(b"-ERR [SYS/TEMP]") if answers else answer == b"+OK welcome\r\n"
        if not answers:
            assert client.ask(b"QUIT") == b"+OK bye\r\n"
    assert log_in(port)[1] == b"+OK welcome\r\n"
    assert [connection.pipelined for connection in drop.connections[1:]] == [True] + [False] * (2 - answers)


def test_name_refused_when_it_is_sent_again(server, gate):
    """By a server that takes both lines for a name: the password stays here, and the answer to it is the server's to the name."""
    port, drop = open_door(server, gate, upstream={"reply_timeout": "4s"})
    drop.serve = Maildrop(MAIL, old=True, script={"USER": b"-ERR no bob\r\n"})
    with Wire(port) as client:
        client.greet()
        assert client.ask(b"USER bob").startswith(b"+OK") and client.ask(b"PASS x") == b"-ERR no bob\r\n"
        assert client.ask(b"USER eve") == b"-ERR no bob\r\n" and client.ask(b"PASS y").startswith(b"-ERR give a name")
    assert drop.connections[1].commands == [b"USER bob", b"CAPA", b"USER bob", b"USER eve"]


def test_commands_are_pipelined_to_a_server_that_said_so_to_this_session(server, gate):
    """Or that took name and password together: what another session heard may be of another server."""
    drop = server(Maildrop(MAIL, capa=[*CAN, b"SASL PLAIN"]))
    port = gate(drop.port, workers=1).port
    log_in(port, capa=True)
    drop.serve = Maildrop(MAIL, old=True, script={"AUTH": b"+OK\r\n"})
    with Wire(port) as client:
        client.greet()
        assert client.ask(b"AUTH PLAIN " + plain(BOB)).startswith(b"+OK")
        client.send(b"RETR 1\r\nRETR 2\r\nRETR 3\r\n")
        assert read_all(client, 3) == MAIL[:3]


@pytest.mark.parametrize("word", (b"[AUTH] go away", b""), ids=("words", "none"))
@pytest.mark.parametrize("hangs_up", (False, True))
def test_refused_name_is_recorded_once(server, gate, folder, word, hangs_up):
    """The server's word is the answer to the password, though it hangs up and does not hear that."""
    def refuse(connection, name):
        if name == b"bob":
            return b"+OK\r\n"
        connection.send(b"-ERR " + word + b"\r\n")
        return connection.fin() if hangs_up else None

    log = folder / "audit.jsonl"
    drop = server(Maildrop(MAIL, capa=CAN, script={"USER": refuse, "PASS": b"+OK\r\n"}))
    port = gate(drop.port, filters={"audit": {"module": "audit-log", "path": str(log)}}, workers=1).port
    log_in(port, capa=True)
    drop.serve.script["PASS"] = b"-ERR name first\r\n"
    with Wire(port) as client:
        client.greet()
        assert client.ask(b"USER eve").startswith(b"+OK")
        assert client.ask(b"PASS x") == b"-ERR %s\r\n" % (word or b"failed")
        if hangs_up:
            assert client.rest() == (b"", "fin")
    wait_until(lambda: len(records(log, "disconnect")) == 2, what="the end of both sessions")
    assert [(record["user"], record["ok"], record.get("text")) for record in records(log, "login")] == [
        ("bob", True, None), ("eve", False, word.decode())]


def test_name_refused_before_the_password_went(server, gate):
    """As above, but the server has just said that it does not pipeline: it never sees the password."""
    port, drop = open_door(server, gate, USER=lambda _, name: b"-ERR no eve\r\n" if name == b"eve" else b"+OK\r\n")
    drop.serve.capa = [b"TOP", b"UIDL"]
    with Wire(port) as client:
        client.greet()
        assert client.ask(b"USER eve").startswith(b"+OK")
        assert client.ask(b"CAPA").startswith(b"+OK") and client.listing()
        assert client.ask(b"PASS x") == b"-ERR no eve\r\n"
        assert client.ask(b"USER bob").startswith(b"+OK") and client.ask(b"PASS x").startswith(b"+OK")
    assert drop.connections[1].commands == [b"CAPA", b"USER eve", b"USER bob", b"PASS x"]


def test_mixed_shapes_keep_their_order(dovecot_gate, dovecot, ann):
    """Single lines, listings, messages and errors of popgate's own between those of the server."""
    commands = [b"STAT", b"LIST", b"NONSENSE", b"RETR 2", b"RETR 99", b"UIDL 1", b"TOP 4 1", b"LIST 1", b"RETR x", b"LIST ", b"UIDL"] * 20
    many = re.compile(rb"(LIST|UIDL|RETR \d|TOP.*) ?$")
    with Wire(dovecot.port) as direct, Wire(dovecot_gate.ports["none-none"]) as through:
        direct.login(ann), through.login(ann)
        through.send(b"".join(command + b"\r\n" for command in commands))
        for command in commands:
            status = through.line()
            wanted = direct.ask(command.strip())
            assert status[:3] == wanted[:3] or command in (b"NONSENSE", b"RETR x"), command
            if wanted.startswith(b"+OK") and many.match(command):
                assert through.listing() == direct.listing(), command


def test_thousands_of_commands(server, gate):
    """More than any queue holds: nothing is lost, and order is kept."""
    drop = server(Maildrop(MAIL, capa=CAN))
    count = 10_000
    with Wire(gate(drop.port).port, timeout=60) as client:
        client.login(BOB)
        block = b"".join(b"LIST %d\r\n" % (number % 30 + 1) for number in range(count))
        threading.Thread(target=client.send, args=(block,), daemon=True).start()
        for number in range(count):
            assert client.line().startswith(b"+OK %d " % (number % 30 + 1))


def test_client_that_writes_before_it_reads(server, gate):
    """A client that pipelines more RETRs than any buffer holds answers for, and reads only after its last write."""
    big = [b"Subject: big\r\n\r\n" + b"0123456789abcdef" * 4 * 2000 + b"\r\n"]
    drop = server(Maildrop(big, capa=CAN))
    with Wire(gate(drop.port).port, timeout=60) as client:
        client.login(BOB)
        writer = threading.Thread(target=client.send, args=(b"RETR 1\r\n" * 300,), daemon=True)
        writer.start()
        writer.join(5)
        for message in read_all(client, 300):
            assert message == big[0]


@pytest.mark.parametrize("size", (1, 2, 3, 7))
def test_octets_of_the_server_in_tiny_pieces(server, gate, size):
    """The end of a reply may be cut anywhere."""
    message = b"Subject: x\r\n\r\n.\r\n..\r\n\r\n.a\r\n"

    def dribble(connection, _):
        wire = b"+OK\r\n" + stuff(message)
        for start in range(0, len(wire), size):
            connection.send(wire[start:start + size], 0.002)

    drop = server(Maildrop([message], script={"RETR": dribble}))
    with Wire(gate(drop.port).port) as client:
        client.login(BOB)
        assert client.fetch(b"RETR 1") == message
        assert client.ask(b"NOOP").startswith(b"+OK")
