"""Every mail program gets the same messages, octet for octet, from the server itself and through popgate."""
import re

import pytest

import clients
import secrets_sent
from clients import Place
from places import HOST
from popgate import Gate
from scripted import Maildrop
from wire import Wire

SERVER_TLS = {"none": "implicit", "stls": "none", "implicit": "stls"}
PAIRS = [(client, tls) for client in clients.FETCH for tls in clients.TLS if (client, tls) != ("node", "stls")]  # it has none


def delivered(client, messages):
    """What the client makes of messages that arrive intact."""
    if client == "node":
        return [stuffed(message) for message in messages]
    return messages if client in clients.KEEPS_CRLF else [message.replace(b"\r\n", b"\n") for message in messages]


@pytest.fixture(scope="module")
def dora(mailutils, letters):
    """Mailutils adds X-UIDL to what it serves once a client has asked for UIDL: it is asked here, so that all find the same."""
    account = mailutils.mailbox("dora", letters)
    with Wire(mailutils.port) as client:
        client.login(account)
        client.fetch(b"UIDL")
        client.ask(b"QUIT")
    return account


@pytest.fixture(scope="module")
def mailutils_place(mailutils, binary, new_folder):
    gate = Gate(new_folder("gate"), {"in": {"tls": "none", "upstream": "server", "filters": []}},
                {"server": {"server": [f"{HOST}:{mailutils.port}"]}}).start()
    yield Place(gate.port)
    gate.stop()


@pytest.mark.parametrize("client", clients.FETCH)
def test_fetch_from_mailutils(client, mailutils, dora, letters, new_folder, request):
    direct = clients.FETCH[client](Place(mailutils.port), dora, new_folder(client))
    assert [without_x_uidl(message) for message in direct] == delivered(client, letters)
    through = clients.FETCH[client](request.getfixturevalue("mailutils_place"), dora, new_folder(client))
    assert through == direct


def without_x_uidl(message):
    return re.sub(rb"(?m)^X-UIDL: .*\n", b"", message)


@pytest.mark.parametrize("client", ("poplib", "curl", "fetchmail"))
def test_fetch_from_an_old_and_slow_server(client, server, gate, letters, new_folder):
    """It has no CAPA, TOP or UIDL, and loses whatever is pipelined to it."""
    drop = server(Maildrop(letters[:4], old=True))
    bob = secrets_sent.account("old-bob")
    assert clients.FETCH[client](Place(drop.port), bob, new_folder(client)) == delivered(client, letters[:4])
    assert clients.FETCH[client](Place(gate(drop.port).port), bob, new_folder(client)) == delivered(client, letters[:4])
    assert not any(connection.pipelined for connection in drop.connections)


def stuffed(message):
    """node-pop3 leaves the wire form as it is, but for the end of it."""
    return message.replace(b"\r\n.", b"\r\n..").removesuffix(b"\r\n")


@pytest.mark.parametrize("via", ("direct", "popgate"))
@pytest.mark.parametrize("client,tls", PAIRS)
def test_fetch_from_dovecot(client, tls, via, place, ann, letters, folder):
    where = place("direct" if via == "direct" else SERVER_TLS[tls], tls)
    assert clients.FETCH[client](where, ann, folder) == delivered(client, letters)
