"""TLS sessions with servers: what one gave serves the next connection to it, once, and no other."""
import socket
import ssl
import struct
import time

import pytest

import filters
from certificates import Authority, NAMES
from places import HOST, records, wait_until
from popgate import Gate, tls_upstream
from scripted import Gone, Maildrop, server_context
from wire import Wire

TICKET, PRE_SHARED_KEY = 35, 41  # extensions (RFC 5077, RFC 8446)
NEVER = {"connect_timeout": "1h", "reply_timeout": "1h"}
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def visit(port):
    """A session that sees what a client may see: a greeting, and an answer; or what is there in their place."""
    with Wire(port) as client:
        greeting = client.line()
        if greeting.startswith(b"+OK"):
            assert client.ask(b"QUIT").startswith(b"+OK")
        return greeting


def visits(port, count):
    for _ in range(count):
        assert visit(port).startswith(b"+OK")


def reused(server):
    """Of each connection whose TLS stood: was its session one of before?"""
    return [connection.resumed for connection in server.connections if connection.tls]


class Drop(Maildrop):
    """Notes of each connection whether its session was resumed."""

    def __call__(self, connection):
        connection.resumed = connection.socket.session_reused
        super().__call__(connection)
        connection.close_notify()  # else Python's cache forgets it


@pytest.fixture
def context(certificate):
    return server_context(certificate)


@pytest.fixture
def drop(server, context):
    return server(Drop(), context, implicit=True)


def extensions(hello):
    """Those of a ClientHello in one record, by number."""
    at = 5 + 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + struct.unpack_from(">H", hello, at)[0]
    at += 1 + hello[at] + 2
    found = {}
    while at < len(hello):
        kind, length = struct.unpack_from(">HH", hello, at)
        found[kind] = hello[at + 4:at + 4 + length]
        at += 4 + length
    return found


def offered(connection):
    """What the client has to show of a session before: the ticket in its first message."""
    hello = b""
    while len(hello) < 5 or len(hello) < 5 + struct.unpack_from(">H", hello, 3)[0]:
        hello = connection.socket.recv(16384, socket.MSG_PEEK)
        if not hello:
            raise Gone("before it said anything")
    found = extensions(hello)
    if PRE_SHARED_KEY in found:
        return found[PRE_SHARED_KEY][4:4 + struct.unpack_from(">H", found[PRE_SHARED_KEY], 2)[0]]
    return found.get(TICKET, b"")


@pytest.mark.parametrize("tls", ("implicit", "stls"))
def test_dovecot_resumes_and_the_audit_log_says_so(dovecot, gate, authority, folder, tls):
    port = dovecot.tls_port if tls == "implicit" else dovecot.port
    running = gate(port, None, tls_upstream(port, tls, authority), filters.audit(folder))
    visits(running.port, 3)
    found = wait_until(lambda: records(folder / "audit.jsonl", "tls")[2:] and records(folder / "audit.jsonl", "tls"))
    assert [(record["side"], record["resumed"]) for record in found] == [("server", False), ("server", True), ("server", True)]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("tickets", (True, False), ids=("tickets", "ids"))
def test_every_kind_of_session_is_resumed(server, context, gate, authority, version, tickets):
    context.maximum_version = VERSIONS[version]
    if not tickets:
        context.options |= ssl.OP_NO_TICKET
    drop = server(Drop(), context, implicit=True)
    visits(gate(drop.port, None, tls_upstream(drop.port, "implicit", authority)).port, 4)
    assert reused(drop) == [False, True, True, True]


def test_no_ticket_of_13_is_shown_twice(server, context, gate, authority):
    shown = []

    def serve(connection):
        shown.append(offered(connection))
        connection.start_tls()
        Drop()(connection)

    drop = server(serve, context)
    running = gate(drop.port, None, tls_upstream(drop.port, "implicit", authority))
    visits(running.port, 1)
    waiting = [Wire(running.port) for _ in range(6)]  # more at a time than there are tickets
    for client in waiting:
        client.greet()
        client.ask(b"QUIT")
        client.socket.close()
    visits(running.port, 6)
    tickets = [each for each in shown if each]
    assert len(tickets) >= 8 and len(set(tickets)) == len(tickets)


@pytest.mark.parametrize("other", ({"tls_verify": True, "tls_ca": "strange"}, {"tls_verify": True, "tls_name": "other.example"},
                                   {"tls_verify": True, "tls_min": "TLSv1.3"}), ids=("authority", "name", "settings"))
def test_upstreams_share_nothing(drop, new_folder, authority, certificate, other):
    """One that verifies nothing talks to a server first. What it brings home opens no door for the others."""
    strange = Authority(new_folder("strange") / "authority", "a strange authority")
    lax = {"server": [f"{HOST}:{drop.port}"], "tls": "implicit", "tls_verify": False}
    strict = {**lax, **other, "tls_ca": strange.file if "tls_ca" in other else authority.file}
    listeners = {name: {"tls": "none", "upstream": name, "filters": []} for name in ("lax", "strict")}
    running = Gate(new_folder("gate"), listeners, {"lax": lax, "strict": strict}).start()
    try:
        visits(running.ports["lax"], 2)
        assert reused(drop) == [False, True]
        answers = [visit(running.ports["strict"]) for _ in range(2)]
        if "tls_min" in other:
            assert reused(drop) == [False, True, False, True]
        else:
            assert all(answer.startswith(b"-ERR") for answer in answers)
        visits(running.ports["lax"], 1)
    finally:
        running.stop()


def test_reload_begins_without(drop, new_folder, gate, authority):
    """The authority is another one then: nobody comes in by what the one before had accepted."""
    strange = Authority(new_folder("strange") / "authority", "a strange authority")
    running = gate(drop.port, None, tls_upstream(drop.port, "implicit", authority))
    visits(running.port, 2)
    running.upstreams["server"]["tls_ca"] = strange.file
    running.write()
    running.reload()
    running.wait_log("was read again")
    assert wait_until(lambda: visit(running.port).startswith(b"-ERR"))
    assert visit(running.port).startswith(b"-ERR")
    running.wait_log("certificate not accepted")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("refuse", (lambda sock: sock.sendall(b"\x15\x03\x03\x00\x02\x02\x28"), lambda sock: None), ids=("alert", "fin"))
def test_server_that_cannot_bear_its_own_session(server, context, gate, authority, version, refuse):
    """It is tried without one before its address is given up: the client sees nothing of it."""
    context.maximum_version = VERSIONS[version]
    seen = []

    def serve(connection):
        seen.append(bool(offered(connection)))
        if seen[-1]:
            refuse(connection.socket)
            return
        connection.start_tls()
        Drop()(connection)

    drop = server(serve, context)
    visits(gate(drop.port, None, tls_upstream(drop.port, "implicit", authority)).port, 3)
    assert seen == [False, True, False, True, False]


def test_server_that_bears_nothing_is_tried_twice_and_no_more(server, context, gate, authority):
    count = [0]

    def serve(connection):
        count[0] += 1
        if count[0] == 1:
            connection.start_tls()
            Drop()(connection)

    drop = server(serve, context)
    port = gate(drop.port, None, tls_upstream(drop.port, "implicit", authority)).port
    visits(port, 1)
    assert visit(port).startswith(b"-ERR")
    assert count[0] == 3


def test_fault_of_tls_makes_sessions_worthless(server, context, gate, authority):
    """A record that is none, in place of the greeting (RFC 5246, 7.2.2). The same client gets another connection at once."""
    def serve(connection):
        if len(drop.connections) == 2:
            with socket.socket(fileno=connection.socket.detach()) as sock:
                sock.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
            return
        Drop()(connection)

    drop = server(serve, context, implicit=True)
    port = gate(drop.port, None, tls_upstream(drop.port, "implicit", authority)).port
    visits(port, 1)
    visit(port)
    visits(port, 2)
    assert [connection.resumed for connection in drop.connections[2:]] == [False, True, True]


def test_server_that_ends_without_close_notify(server, context, gate, authority):
    def serve(connection):
        connection.resumed = connection.socket.session_reused
        connection.send(b"+OK ready\r\n")
        connection.line()
        connection.send(b"+OK bye\r\n")
        connection.fin()

    for version in VERSIONS.values():
        context.maximum_version = version
        drop = server(serve, context, implicit=True)
        visits(gate(drop.port, None, tls_upstream(drop.port, "implicit", authority)).port, 3)
        assert reused(drop) == [False, True, True]


def test_certificate_that_has_changed_is_verified(server, context, new_folder, gate, authority):
    """The server forgets its tickets and comes back with another authority's certificate: the chain before says nothing of it."""
    strange = Authority(new_folder("strange") / "authority", "a strange authority")
    drop = server(Drop(), context, implicit=True)
    port = gate(drop.port, None, tls_upstream(drop.port, "implicit", authority)).port
    visits(port, 2)
    drop.context = server_context(strange.issue("site", NAMES))
    assert visit(port).startswith(b"-ERR")
    assert visit(port).startswith(b"-ERR")


def test_hour_is_over(drop, gate, authority, hurry):
    """However often it was resumed meanwhile: after an hour the server has to show its certificate again."""
    hurry(1200)  # an hour in 3 seconds
    running = gate(drop.port, {"login_timeout": "1h"}, {**tls_upstream(drop.port, "implicit", authority), **NEVER})
    begin = time.monotonic()
    while time.monotonic() < begin + 4.5:
        visits(running.port, 1)
        time.sleep(0.2)
    found = reused(drop)
    assert found[:3] == [False, True, True] and found.count(False) == 2
