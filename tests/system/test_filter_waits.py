"""
A filter that waits for an answer, or for its next turn: a popgate with one more module (scripted_module.c), whose filters wait
as their section says until another session of the worker retrieves the message that has X-Answer.
"""
import signal
import socket
import struct
import threading
import time

import pytest

import mail
import secrets_sent
from places import HOST, POPGATE, records, wait_until
from popgate import Gate
from scripted import Gone, Maildrop
from wire import Wire, stuff

BOB = secrets_sent.account("waits-bob")
PROGRAM = POPGATE.parent / "tests" / "popgate-scripted"
MESSAGE = mail.message("asked about", b"first line\r\n..dots\r\n" + b"line of the body\r\n" * 2000 + b"last line\r\n")
HEAD, _, BODY = MESSAGE.partition(b"\r\n\r\n")
ANSWER = b"Subject: go on\r\nX-Answer: yes\r\n\r\n"
WAITS = (  # where, in what kind of filter
    ("headers", "B"), ("headers", "O"), ("body", "B"), ("body", "BO"), ("body", "R"), ("end", "B"), ("end", "BO"), ("end", "R"),
)


def marked(reach):
    """The message as it passes a filter that was answered."""
    return (b"X-Scripted: wait\r\n" if "O" in reach else b"") + MESSAGE


@pytest.fixture
def waiting(binary, new_folder, server):
    """waiting(keys of the filter, ...): a popgate in front of a server that has MESSAGE and ANSWER."""
    if not PROGRAM.exists():
        pytest.skip(f"{PROGRAM} was not built: make check does")
    gates = []

    def start(serve=None, upstream=None, **keys):
        folder = new_folder("waits")
        upstream = server(serve or Maildrop([MESSAGE, ANSWER])), upstream or {}
        filters = {"wait": {"module": "scripted", **keys}, "audit": {"module": "audit-log", "path": folder / "audit.jsonl"}}
        gate = Gate(folder, {"in": {"upstream": "server", "filters": list(filters)}},
                    {"server": {"server": [f"{HOST}:{upstream[0].port}"], **upstream[1]}}, filters)
        gate.program, gate.drop = [PROGRAM], upstream[0]
        gates.append(gate)
        return gate.start()

    yield start
    for gate in gates:
        gate.stop()


def login(gate):
    return Wire(gate.port).login(BOB)


def retrieve(gate, number=1):
    """A client whose message waits in the filter."""
    client = login(gate)
    count = gate.log_now().count(": waits")
    client.send(b"RETR %d\r\n" % number)
    wait_until(lambda: gate.log_now().count(": waits") > count, what="the filter waits")
    return client


def answer(gate, client=None):
    with client or login(gate) as other:
        assert other.fetch(b"RETR 2") == ANSWER


def recorded(gate):
    """What the audit log says of the first message."""
    return wait_until(lambda: [each for each in records(gate.folder / "audit.jsonl", "message") if each["number"] == 1])[0]


def text_of(client):
    assert client.line().startswith(b"+OK")
    return client.listing()


def octets_to_end(client):
    """How many there are up to the end of a long message, and with it."""
    count, end = len(client.buffer), client.buffer
    while not end.endswith(b"\r\n.\r\n"):
        data = client.socket.recv(1 << 20)
        assert data
        count, end = count + len(data), end[-5:] + data
    return count


@pytest.mark.parametrize("where, reach", WAITS)
def test_message_waits_until_the_filter_was_answered(waiting, where, reach):
    """And nobody else does; what the client has said meanwhile is done in its turn."""
    gate = waiting(reach=reach, **{where: "wc"})
    with retrieve(gate) as client, login(gate) as other:
        client.send(b"NOOP\r\nDELE 1\r\n")
        assert other.ask(b"NOOP").startswith(b"+OK")
        assert (where, reach) == ("end", "R") or client.quiet(0.2)
        assert b"DELE" not in gate.drop.verbs()
        answer(gate)
        assert text_of(client) == stuff(marked(reach))
        assert client.line().startswith(b"+OK") and client.line() == b"+OK gone\r\n"
    record = recorded(gate)
    assert record["outcome"] == "delivered" and record["octets_in"] == len(MESSAGE)


def test_several_wait_side_by_side(waiting):
    gate = waiting(reach="BO", headers="wc", body="wwc", end="wc")
    clients = [retrieve(gate) for _ in range(3)]
    for _ in range(4):
        answer(gate)
    for client in clients:
        with client:
            assert text_of(client) == stuff(marked("O"))


@pytest.mark.parametrize("where, reach", WAITS)
def test_answer_that_does_not_come_is_the_filters_failure(waiting, where, reach):
    gate = waiting(reach=reach, timeout="300ms", **{where: "w"})
    with login(gate) as client:
        start = time.monotonic()
        assert client.fetch(b"RETR 1") == MESSAGE
        assert 0.25 < time.monotonic() - start < 4
        assert client.ask(b"NOOP").startswith(b"+OK")
    gate.wait_log("(?m)warning: .*filter wait did not answer in time.*: the message passes without this filter$")


@pytest.mark.parametrize("where, reach", (("headers", "O"), ("body", "BO"), ("end", "BO")))
def test_answer_that_does_not_come_may_refuse_the_message(waiting, where, reach):
    gate = waiting(reach=reach, timeout="300ms", on_failure="refuse", **{where: "w"})
    with login(gate) as client:
        assert client.ask(b"RETR 1") == b"-ERR [SYS/TEMP] filter wait could not examine the message\r\n"
        assert client.ask(b"NOOP").startswith(b"+OK")
    gate.wait_log("(?m)warning: .*filter wait did not answer in time")


def test_answer_that_does_not_come_in_the_middle_resets_the_client(waiting):
    """The header is with the client when the filter that reads along may not be left out."""
    gate = waiting(reach="B", timeout="300ms", on_failure="refuse", end="w")
    with login(gate) as client:
        client.send(b"RETR 1\r\n")
        data, how = client.rest()
    assert how == "rst" and b"\r\n.\r\n" not in data


def test_server_is_not_blamed_while_a_filter_waits(waiting):
    """Its reply_timeout begins again when the filter has spoken."""
    def retrieve_slowly(connection, argument):
        if argument != b"1":
            return drop.do_RETR(connection, argument)
        wire = stuff(MESSAGE)
        connection.send(b"+OK\r\n" + wire[:2000])
        assert proceed.wait(10)
        connection.send(wire[2000:], delay=0.3)
        return None

    proceed, drop = threading.Event(), Maildrop([MESSAGE, ANSWER])
    drop.script["RETR"] = retrieve_slowly
    gate = waiting(drop, upstream={"reply_timeout": "600ms"}, reach="BO", body="wc")
    with retrieve(gate) as client:
        assert client.quiet(1.5)
        answer(gate)
        proceed.set()
        assert text_of(client) == stuff(marked("O"))
    assert "reply_timeout" not in gate.log()


def test_client_is_not_idle_while_a_filter_waits(waiting, hurry):
    """Its idle_timeout of ten minutes, three seconds here, begins again when the filter has spoken."""
    hurry(200)
    gate = waiting(reach="BO", end="wc", timeout="1h")
    with retrieve(gate) as client:
        assert client.quiet(4)
        answer(gate)
        assert text_of(client) == stuff(marked("O"))
        time.sleep(1)
        assert client.ask(b"NOOP").startswith(b"+OK")


@pytest.mark.parametrize("reach", ("B", "BO", "R"))
def test_no_more_is_read_while_a_filter_waits(waiting, reach):
    """What the server can send until then fits into its and popgate's buffers."""
    count = 50

    def retrieve_much(connection, argument):
        if argument != b"1":
            return drop.do_RETR(connection, argument)
        connection.send(b"+OK\r\n" + HEAD + b"\r\n\r\n")
        for _ in range(count):
            connection.send((b"x" * 70 + b"\r\n") * 14000)
            sent.append(True)
        return b".\r\n"

    sent, drop = [], Maildrop([MESSAGE, ANSWER])
    drop.script["RETR"] = retrieve_much
    gate = waiting(drop, reach=reach, body="wc")
    with retrieve(gate) as client:
        time.sleep(1)
        assert len(sent) < count / 2, "popgate reads on"
        answer(gate)
        assert (client.line(), octets_to_end(client)) == (b"+OK message follows\r\n", count * 14000 * 72 + len(marked(reach)) - len(BODY) + 3)


@pytest.mark.parametrize("where, reach", (("headers", "O"), ("body", "B"), ("end", "BO")))
def test_client_that_is_gone_is_not_waited_for(waiting, where, reach):
    """Its server is let go without a QUIT, and who is answered later is not it."""
    gate = waiting(reach=reach, **{where: "wc"})
    with retrieve(gate) as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(lambda: gate.drop.connections[0].ended, 3, "the server's connection ends")
    assert b"QUIT" not in gate.drop.connections[0].commands
    answer(gate)
    assert recorded(gate)["outcome"] == "aborted"


def test_client_that_has_said_its_last_word_gets_its_message(waiting):
    gate = waiting(reach="BO", end="wc")
    with retrieve(gate) as client:
        client.send(b"QUIT\r\n")
        client.socket.shutdown(socket.SHUT_WR)
        assert client.quiet(0.3)
        answer(gate)
        assert text_of(client) == stuff(marked("O"))
        assert client.rest() == (b"+OK bye\r\n", "fin")


@pytest.mark.parametrize("way", ("fin", "rst"))
@pytest.mark.parametrize("whole", (True, False), ids=("whole", "in the middle"))
def test_server_that_breaks_while_a_filter_waits(waiting, way, whole):
    """What it has sent is what counts: a message that is whole is delivered, another is not there."""
    def retrieve_and_die(connection, argument):
        if argument != b"1":
            return drop.do_RETR(connection, argument)
        wire = stuff(MESSAGE)
        connection.send(b"+OK\r\n" + (wire if whole else wire[:-20]))
        died.wait(10)
        return getattr(connection, way)()

    died, drop = threading.Event(), Maildrop([MESSAGE, ANSWER])
    drop.script["RETR"] = retrieve_and_die
    gate = waiting(drop, reach="BO", **({"end": "wc"} if whole else {"body": "wc"}))
    with retrieve(gate) as client:
        died.set()
        wait_until(lambda: gate.drop.connections[0].ended)
        assert client.quiet(0.3)
        answer(gate)
        if whole:
            assert text_of(client) == stuff(marked("O"))
            assert client.rest() == (b"", "fin")
        else:
            data, how = client.rest()
            assert data.startswith(b"-ERR [SYS/TEMP] server ") and how == "fin"


def test_generation_that_drains_waits_for_its_filters(waiting):
    gate = waiting(reach="BO", end="wc")
    old, other = gate.workers(), login(gate)
    with retrieve(gate) as client:
        gate.reload()
        wait_until(lambda: len(gate.workers()) > len(old), what="new workers")
        assert client.quiet(0.3)
        answer(gate, other)
        assert text_of(client) == stuff(marked("O"))
        assert client.ask(b"NOOP").startswith(b"+OK")


@pytest.mark.parametrize("number, least, most", ((signal.SIGTERM, 0.8, 5), (signal.SIGQUIT, 0, 0.8)), ids=("TERM", "QUIT"))
def test_filter_that_waits_does_not_keep_the_daemon(waiting, number, least, most):
    """TERM: shutdown_timeout is over; QUIT: at once. The client has not got its message, and sees that."""
    gate = waiting(reach="BO", end="w")
    with retrieve(gate) as client:
        start = time.monotonic()
        gate.stop(number)
        assert least < time.monotonic() - start < most
        assert client.rest() in ((b"", "rst"), (b"", "fin" if number == signal.SIGQUIT else "rst"))


def test_filter_that_yields_lets_others_have_their_turn(waiting):
    """As often as it likes, in every callback; it waits for nobody, so that its timeout does not count."""
    turns = 5000
    gate = waiting(reach="BO", headers="y" * turns + "c", body="y" * turns + "c", end="y" * turns + "c", timeout="100ms")
    with login(gate) as client, login(gate) as other:
        client.send(b"RETR 1\r\n")
        between = 0
        while client.quiet(0.001):
            assert other.ask(b"NOOP").startswith(b"+OK")
            between += 1
        assert text_of(client) == stuff(marked("O"))
    assert between > 0
