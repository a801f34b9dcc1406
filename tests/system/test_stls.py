"""Nothing received before a handshake is used after it, on either side; a required TLS that is not offered ends the session."""
import ssl
import time

import pytest

import secrets_sent
from certificates import NAMES, Authority
from clients import Place
from places import short
from popgate import tls_upstream
from scripted import Maildrop, server_context
from tls_socket import Cut
from wire import Wire, plain

BOB = secrets_sent.account("stls-bob")


@pytest.fixture
def drop(server):
    return server(Maildrop([b"x\r\n"], capa=[b"USER", b"SASL PLAIN"]))


@pytest.fixture
def port(drop, gate, certificate):
    return gate(drop.port, {"tls": "stls", "certificate": [certificate], "plaintext_login": True}).port


@pytest.mark.parametrize("injected", (b"CAPA\r\n", b"USER bob\r\nPASS Sesam-injected\r\n", b"NOOP", b"QUIT\r\n"), ids=short)
def test_command_behind_stls_in_one_packet(drop, port, authority, injected):
    secrets_sent.add(b"Sesam-injected")
    with Wire(port) as client:
        client.greet()
        client.send(b"STLS\r\n" + injected)
        try:
            assert client.line().startswith((b"+OK", b"-ERR"))
            client.handshake(Place(0, ca=authority.file).context())
            assert client.quiet(0.5), "an answer to what was sent in clear"
            assert client.ask(b"PASS Sesam-injected").startswith(b"-ERR")
        except (OSError, EOFError, Cut, ssl.SSLError):
            pass  # it hung up: better still
    assert not {b"USER", b"PASS", b"QUIT", b"NOOP"} & set(drop.verbs())


def test_command_injected_between_stls_and_handshake(drop, port, authority):
    with Wire(port) as client:
        client.greet()
        assert client.ask(b"STLS").startswith(b"+OK")
        client.send(b"USER bob\r\n")
        data, how = client.rest()
        assert b"+OK" not in data and b"-ERR" not in data
    assert b"USER" not in drop.verbs()


def test_stls_twice(drop, port, authority):
    with Wire(port) as client:
        client.greet()
        client.stls(Place(0, ca=authority.file).context())
        assert client.ask(b"STLS").startswith(b"-ERR")
        assert client.ask(b"AUTH PLAIN " + plain(BOB)).startswith(b"+OK")
        assert client.ask(b"STLS").startswith(b"-ERR")


def test_stls_is_refused_where_there_is_none(server, gate):
    with Wire(gate(server(Maildrop(capa=[b"USER"])).port).port) as client:
        client.greet()
        assert b"STLS" not in client.fetch(b"CAPA").split(b"\r\n")
        assert client.ask(b"STLS").startswith(b"-ERR")
        assert client.ask(b"USER bob").startswith(b"+OK")


def test_servers_own_stls_is_not_offered_to_the_client(server, gate, certificate):
    drop = server(Maildrop(capa=[b"STLS", b"USER"]), server_context(certificate))
    with Wire(gate(drop.port).port) as client:
        client.greet()
        assert b"STLS" not in client.fetch(b"CAPA").split(b"\r\n")


def upstream(drop, authority, tls="stls", **more):
    return tls_upstream(drop.port, tls, authority, **more)


def refused(client):
    """The first -ERR that a client meets, at the greeting or when it logs in."""
    for command in (b"USER " + BOB.user, b"PASS " + BOB.password):
        if client.buffer or command.startswith(b"USER"):
            line = client.line()
            if line.startswith(b"-ERR"):
                return line
        client.send(command + b"\r\n")
    return client.line()


STRIPPED = {
    "no CAPA": {"capa": None},
    "CAPA without STLS": {"capa": [b"USER", b"TOP"]},
    "STLS refused": {"capa": [b"STLS", b"USER"], "script": {"STLS": b"-ERR not now\r\n"}},
    "nonsense": {"capa": [b"STLS", b"USER"], "script": {"STLS": b"hello\r\n"}},
}


@pytest.mark.parametrize("name", STRIPPED)
def test_server_without_stls_gets_no_credentials(server, gate, authority, certificate, name):
    drop = server(Maildrop([b"x\r\n"], **STRIPPED[name]))
    running = gate(drop.port, upstream=upstream(drop, authority))
    with Wire(running.port) as client:
        assert refused(client).startswith(b"-ERR [SYS/TEMP]")
    assert not {b"USER", b"PASS", b"AUTH", b"APOP"} & set(drop.verbs())
    assert BOB.password not in drop.received()
    assert running.wait_log(str(drop.port))


@pytest.mark.parametrize("injected", (b"+OK injected\r\n", b"+OK\r\nUSER\r\n.\r\n+OK\r\n", b"x"), ids=short)
def test_reply_behind_stls_ok_ends_the_session(server, gate, authority, certificate, injected):
    """What a man in the middle adds in clear to the answer is never read as an answer given under TLS."""
    def inject(connection, _):
        connection.send(b"+OK go\r\n" + injected)
        connection.start_tls()

    drop = server(Maildrop([b"x\r\n"], capa=[b"STLS", b"USER"], script={"STLS": inject}), server_context(certificate))
    with Wire(gate(drop.port, upstream=upstream(drop, authority)).port) as client:
        assert refused(client).startswith(b"-ERR [SYS/TEMP]")
    assert not {b"USER", b"PASS"} & set(drop.verbs())


def test_plaintext_reply_of_a_server_with_implicit_tls(server, gate, authority):
    """CVE-2026-1642: a greeting in clear where TLS is due."""
    def serve(connection):
        connection.send(b"+OK ready\r\n")
        connection.drain(1)

    drop = server(serve)
    with Wire(gate(drop.port, upstream=upstream(drop, authority, "implicit")).port) as client:
        assert refused(client).startswith(b"-ERR [SYS/TEMP]")
    assert BOB.user not in drop.received()


def test_server_that_is_silent_in_the_handshake(server, gate, authority):
    """CVE-2011-1947: an acknowledged STLS, and then nothing."""
    def serve(connection, _):
        connection.send(b"+OK go\r\n")
        connection.drain(10)

    drop = server(Maildrop(capa=[b"STLS"], script={"STLS": serve}))
    start = time.monotonic()
    with Wire(gate(drop.port, upstream=upstream(drop, authority, connect_timeout="1s")).port) as client:
        assert refused(client).startswith(b"-ERR [SYS/TEMP]")
    assert time.monotonic() - start < 6


def test_client_that_is_silent_in_the_handshake(server, gate, certificate):
    running = gate(server(Maildrop()).port, {"tls": "implicit", "certificate": [certificate], "login_timeout": "1s"})
    with Wire(running.port) as client:
        assert client.rest()[0] == b""


@pytest.mark.parametrize("tls", ("stls", "implicit"))
def test_capabilities_are_asked_for_anew_under_tls(server, gate, authority, certificate, tls):
    class Changing(Maildrop):
        def do_CAPA(self, connection, argument):
            return b"+OK\r\nTOP\r\nUIDL\r\n.\r\n" if connection.tls else b"+OK\r\nSTLS\r\nEXPIRE 0\r\n.\r\n"

    drop = server(Changing(), server_context(certificate), implicit=tls == "implicit")
    with Wire(gate(drop.port, upstream=upstream(drop, authority, tls)).port) as client:
        client.greet()
        lines = client.fetch(b"CAPA").split(b"\r\n")
        assert b"UIDL" in lines and b"EXPIRE 0" not in lines
        assert drop.connections[0].tls


@pytest.fixture(scope="module")
def wrong_certificates(authority, base):
    foreign = Authority(base / "foreign-authority", "somebody else")
    return {"wrong name": authority.issue("other", ["DNS:other.example"]), "expired": authority.issue_expired("expired", NAMES),
            "wrong authority": foreign.issue("foreign", NAMES), "common name only": authority.issue("localhost", ["DNS:x.example"])}


@pytest.mark.parametrize("tls", ("stls", "implicit"))
@pytest.mark.parametrize("name", ("wrong name", "expired", "wrong authority", "common name only"))
def test_wrong_certificate_is_refused_unless_the_admin_says_so(server, gate, authority, wrong_certificates, name, tls):
    drop = server(Maildrop([b"x\r\n"], capa=[b"STLS", b"USER"]), server_context(wrong_certificates[name]), implicit=tls == "implicit")
    running = gate(drop.port, upstream=upstream(drop, authority, tls))
    with Wire(running.port) as client:
        assert refused(client).startswith(b"-ERR [SYS/TEMP]")
    assert BOB.user not in drop.received()
    assert running.wait_log(rf"(?i){drop.port}.*(verif|certif|name|expire|mismatch)")
    with Wire(gate(drop.port, upstream=upstream(drop, authority, tls, tls_verify=False)).port) as client:
        client.login(BOB)


def test_tls_name_is_what_is_verified(server, gate, authority, wrong_certificates):
    drop = server(Maildrop(), server_context(wrong_certificates["wrong name"]), implicit=True)
    with Wire(gate(drop.port, upstream=upstream(drop, authority, "implicit", tls_name="other.example")).port) as client:
        client.login(BOB)


def test_server_is_told_the_name_by_sni(server, gate, authority, certificate):
    names = []
    context = server_context(certificate)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    drop = server(Maildrop(), context, implicit=True)
    with Wire(gate(drop.port, upstream=upstream(drop, authority, "implicit")).port) as client:
        client.login(BOB)
    assert names == ["localhost"]
