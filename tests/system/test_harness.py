"""The harness against itself, without popgate: the scripted servers and the raw client do what the other tests rely on."""
import poplib

import pytest

import clients
import mail
import secrets_sent
from clients import Place
from scripted import Maildrop, server_context
from wire import Wire, crlf, stuff, unstuff

BOB = secrets_sent.account("harness-bob")


@pytest.mark.parametrize("name", mail.unsent())
def test_strict_wire_form_is_read_back(name):
    message = mail.unsent()[name]
    ended = message if not message or message.endswith(b"\r\n") else message + b"\r\n"
    assert unstuff(stuff(message)) == ended


def test_crlf_changes_bare_line_feeds_alone():
    assert crlf(b"a\nb\r\nc\rd\r\r\n\ne\r\n") == b"a\r\nb\r\nc\rd\r\r\n\r\ne\r\n"
    assert crlf(b"") == b"" and crlf(b"a\r") == b"a\r\r\n"


def test_maildrop_serves_poplib(server, folder, letters):
    drop = server(Maildrop(letters))
    assert clients.fetch_poplib(Place(drop.port), BOB, folder) == letters
    assert b"PASS" in drop.verbs() and drop.verbs()[-1] == b"QUIT"


def test_old_server_loses_what_is_pipelined(server, letters):
    drop = server(Maildrop(letters, old=True))
    with Wire(drop.port) as client:
        client.login(BOB)
        client.send(b"STAT\r\nNOOP\r\nNOOP\r\n")
        assert client.line().startswith(b"+OK 10 ")
        assert client.quiet(0.3)
    assert drop.connections[0].pipelined


@pytest.mark.parametrize("way,tls", (("fin", False), ("rst", False), ("fin", True), ("rst", True), ("close_notify", True)))
def test_dying_server_dies_in_the_way_asked_for(server, certificate, authority, way, tls):
    def serve(connection):
        connection.send(b"+OK and then")
        connection.drain(0)
        getattr(connection, way)()

    drop = server(serve, server_context(certificate) if tls else None, implicit=tls)
    with Wire(drop.port, tls=Place(0, ca=authority.file).context() if tls else None) as client:
        data, how = client.rest()
    assert data == b"+OK and then" or way == "rst"
    assert how == ("cut" if tls and way == "fin" else way)


def test_wrong_password_is_refused(server):
    with pytest.raises(poplib.error_proto):
        with clients.poplib_session(Place(server(Maildrop()).port), BOB._replace(password=b"wrong")):
            pass
