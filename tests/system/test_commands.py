"""What a client may send once logged in, what it gets when it sends something else, and that both sides stay in step."""
import pytest

import secrets_sent
from clients import Place
from places import short
from scripted import Maildrop
from wire import Wire, stuff

BOB = secrets_sent.account("commands-bob")
MAIL = [b"Subject: %d\r\n\r\nbody %d\r\n" % (number, number) for number in range(1, 4)]


@pytest.fixture
def drop(server):
    return server(Maildrop(MAIL, capa=[b"TOP", b"UIDL", b"USER", b"SASL PLAIN", b"XTND", b"IMPLEMENTATION Scripted"]))


@pytest.fixture
def client(drop, gate):
    with Wire(gate(drop.port).port) as wire:
        yield wire.login(BOB)


def test_answers_are_those_of_the_server(dovecot, dovecot_gate, ann):
    """The same commands, one by one, at the server and through popgate."""
    single = [b"STAT", b"LIST 2", b"LIST 99", b"UIDL 3", b"UIDL 99", b"DELE 99", b"RETR 99", b"TOP 99 0", b"NOOP", b"RSET"]
    multi = [b"LIST", b"UIDL", b"RETR 1", b"RETR 4", b"TOP 4 0", b"TOP 4 2", b"TOP 4 1000", b"TOP 6 1"]
    with Wire(dovecot.port) as direct, Wire(dovecot_gate.ports["none-none"]) as through:
        direct.login(ann), through.login(ann)
        for command in single:
            answer = direct.ask(command)
            assert through.ask(command) == answer or answer == b"+OK\r\n", command  # old clients want a text
        for command in multi:
            assert through.fetch(command) == direct.fetch(command), command


@pytest.mark.parametrize("sent,canonical", (
    (b"LIST ", b"LIST"), (b"UIDL ", b"UIDL"), (b"LIST  2", b"LIST 2"), (b"list 2 ", b"LIST 2"), (b"STAT ", b"STAT"),
    (b"LIST 0002", b"LIST 2"), (b"NOOP  ", b"NOOP")), ids=short)
def test_server_gets_the_canonical_line(client, drop, sent, canonical):
    """`LIST` with a space behind it is one line to some servers and many to others: the classic desync."""
    assert client.ask(sent).startswith(b"+OK")
    if canonical in (b"LIST", b"UIDL"):
        client.listing()
    assert client.ask(b"STAT") == b"+OK 3 %d\r\n" % sum(map(len, MAIL))
    assert drop.commands()[-2] == canonical


@pytest.mark.parametrize("line", (
    b"RETR\t1", b"LIST\t1", b"LIST\t", b"UIDL\t1", b"RETR 1 2", b"LIST 1 2", b"TOP 1", b"TOP 1 2 3", b"TOP 1 x", b"RETR", b"RETR ",
    b"RETR +1", b"RETR 0x1", b"RETR 1junk", b"RETR -1", b"RETR 0", b"RETR 99999999999999999999", b"DELE", b"DELE x", b"DELE 1 2",
    b"RETR 1\0", b"RE\0TR 1", b"RETR 1\rDELE 1", b"\rSTAT", b"STAT\x7f", b"NO", b"", b" ", b" STAT", b"\xff\xfe", b"STAT 1\x1b[2J",
    b"R" * 250), ids=short)
def test_wrong_line_is_one_error_and_never_reaches_the_server(client, drop, line):
    before = len(drop.commands())
    answer = client.ask(line)
    assert answer.startswith(b"-ERR ") and len(answer) <= 512
    assert not line.strip() or line.strip()[:200] not in answer  # errors do not echo
    assert client.ask(b"NOOP").startswith(b"+OK")
    assert drop.commands()[before:] == [b"NOOP"]


@pytest.mark.parametrize("length", (255, 256, 300, 512, 513, 4096, 70_000, 1_000_000))
def test_line_that_is_too_long_is_one_error(client, length):
    """255 octets must be taken (RFC 2449, 4); what is over is dropped and the session goes on."""
    client.send(b"NOOP ".ljust(length - 2, b"x") + b"\r\n")
    assert client.line().startswith(b"-ERR ")
    assert client.ask(b"STAT").startswith(b"+OK 3 ")


def test_command_of_255_octets_is_taken(server, gate):
    drop = server(Maildrop())
    with Wire(gate(drop.port).port) as client:
        client.greet()
        name = b"u" * (255 - len(b"USER \r\n"))
        assert client.ask(b"USER " + name).startswith(b"+OK")
        assert client.ask(b"USER " + name + b"u").startswith(b"-ERR")
    assert b"USER " + name in drop.commands()


def test_unknown_command_is_refused_when_strict(client, drop):
    for line in (b"XTND XLST Subject", b"LAST", b"RPOP bob", b"XCLIENT ADDR=192.0.2.1", b"ECHO hello"):
        assert client.ask(line).startswith(b"-ERR "), line
    assert not {b"XTND", b"LAST", b"RPOP", b"XCLIENT", b"ECHO"} & set(drop.verbs())


def test_unknown_command_is_passed_with_a_line_for_an_answer(server, gate):
    drop = server(Maildrop(MAIL, script={"ECHO": b"+OK hello\r\n", "LAST": b"+OK 2\r\n"}))
    with Wire(gate(drop.port, {"commands": "pass"}).port) as client:
        client.login(BOB)
        assert client.ask(b"ECHO hello  you ") == b"+OK hello\r\n"
        assert client.ask(b"LAST") == b"+OK 2\r\n"
        assert client.ask(b"NONSENSE").startswith(b"-ERR")
        assert client.ask(b"STAT").startswith(b"+OK 3 ")
    assert b"LAST" in drop.commands()


@pytest.mark.parametrize("line", (b"STAT", b"LIST", b"LIST 1", b"RETR 1", b"TOP 1 0", b"DELE 1", b"UIDL", b"RSET"), ids=short)
def test_command_in_the_wrong_state(drop, gate, line):
    with Wire(gate(drop.port).port) as client:
        client.greet()
        assert client.ask(line).startswith(b"-ERR ")
        assert client.ask(b"USER bob").startswith(b"+OK")
    assert line.split(b" ")[0] not in drop.verbs()


def test_capa_in_both_states(drop, gate):
    with Wire(gate(drop.port).port) as client:
        client.greet()
        before = client.fetch(b"CAPA").split(b"\r\n")
        client.ask(b"USER bob"), client.ask(b"PASS Sesam-3")
        after = client.fetch(b"capa").split(b"\r\n")
    for lines in (before, after):
        assert {b"TOP", b"UIDL", b"PIPELINING", b"SASL PLAIN"} <= set(lines)
        assert b"XTND" not in lines
        assert len(lines) == len(set(lines))


@pytest.mark.parametrize("tls", ("none", "implicit", "stls"))
def test_capa_of_a_server_without_is_refused_in_its_words(server, gate, certificate, authority, tls):
    """Programs then try TOP and UIDL, which an incomplete list would keep them from."""
    listener = {"tls": tls, **({} if tls == "none" else {"certificate": [certificate]})}
    port = gate(server(Maildrop(MAIL, script={"CAPA": b"-ERR never heard of it\r\n"})).port, listener).port
    with Wire(port, tls=Place(0, ca=authority.file).context() if tls == "implicit" else None) as client:
        client.greet()
        if tls == "stls":
            assert client.ask(b"STLS").startswith(b"+OK")
            client.handshake(Place(0, ca=authority.file).context())
        assert client.ask(b"CAPA") == b"-ERR never heard of it\r\n"
        assert client.ask(b"USER bob").startswith(b"+OK") and client.ask(b"PASS x").startswith(b"+OK")
        assert client.ask(b"CAPA") == b"-ERR never heard of it\r\n"
        assert b"3 uid-3\r\n" in client.fetch(b"UIDL")


def list_before_tls(port):
    with Wire(port) as client:
        client.greet()
        return set(client.fetch(b"CAPA").split(b"\r\n")) - {b".", b""}


def test_capa_of_a_server_without_lists_stls(server, gate, certificate):
    """And what the server was not seen to refuse; a server that has become better is believed."""
    drop = server(Maildrop(MAIL, capa=None, old=True))
    port = gate(drop.port, {"tls": "stls", "plaintext_login": True, "certificate": [certificate]}, workers=1).port
    assert list_before_tls(port) == {b"USER", b"UIDL", b"TOP", b"PIPELINING", b"STLS"}
    for old, listed in ((True, set()), (False, {b"UIDL", b"TOP"})):
        drop.serve.old = old
        with Wire(port) as client:
            client.login(BOB)
            client.ask(b"TOP 99 0"), client.ask(b"UIDL 99")  # there is no such message: this says nothing
            if old:
                assert {b"UIDL", b"TOP"} <= list_before_tls(port)
            assert client.ask(b"TOP 1 0").startswith(b"-ERR" if old else b"+OK")
            assert old or client.listing()
            assert client.ask(b"UIDL").startswith(b"-ERR" if old else b"+OK")
            assert old or client.listing()
            assert client.ask(b"RETR 1").startswith(b"+OK") and client.listing()
        assert list_before_tls(port) == {b"USER", b"PIPELINING", b"STLS"} | listed


@pytest.mark.parametrize("line", (b"SASL GSSAPI DIGEST-MD5 SCRAM-SHA-256-PLUS KERBEROS_V4 PLAIN", b"XOIP", b"XCLIENT ADDR"), ids=short)
def test_capa_passes_only_what_works_through_a_proxy(server, gate, line):
    drop = server(Maildrop(capa=[b"TOP", line]))
    with Wire(gate(drop.port).port) as client:
        client.greet()
        offered = client.fetch(b"CAPA")
    assert not any(word in offered for word in (b"GSSAPI", b"DIGEST", b"PLUS", b"KERBEROS", b"XOIP", b"XCLIENT"))
    assert (b"SASL PLAIN\r\n" in offered) == (b"PLAIN" in line)


def test_language_and_utf8_of_a_server_that_has_them(server, gate):
    """RFC 6856: LANG is a listing without an argument and a line with one; UTF8 is asked for before the login."""
    script = {"UTF8": b"+OK\r\n", "LANG": lambda connection, argument: b"+OK en now\r\n" if argument else b"+OK\r\nen English\r\n.\r\n"}
    drop = server(Maildrop(MAIL, script, capa=[b"UTF8 USER", b"LANG", b"USER"]))
    with Wire(gate(drop.port).port) as client:
        client.greet()
        assert {b"UTF8 USER", b"LANG"} <= set(client.fetch(b"CAPA").split(b"\r\n"))
        assert client.ask(b"UTF8").startswith(b"+OK")
        assert client.fetch(b"LANG") == b"en English\r\n"
        assert client.ask(b"LANG en") == b"+OK en now\r\n"
        assert client.ask(b"USER bob").startswith(b"+OK") and client.ask(b"PASS Sesam-7").startswith(b"+OK")
        assert client.ask(b"UTF8").startswith(b"-ERR")
        assert client.ask(b"STAT").startswith(b"+OK 3 ")


def test_browser_on_the_plain_port_gets_nothing_of_its_own_back(drop, gate):
    with Wire(gate(drop.port).port) as client:
        try:
            client.send(b"POST /<script> HTTP/1.1\r\nHost: x\r\n\r\nUSER bob\r\nPASS Sesam-8\r\n" + b"<script>\r\n" * 100 + b"QUIT\r\n")
        except OSError:
            pass
        assert b"script" not in client.rest()[0]


def test_empty_maildrop(server, gate):
    with Wire(gate(server(Maildrop()).port).port) as client:
        client.login(BOB)
        assert client.fetch(b"LIST") == client.fetch(b"UIDL") == b""
        assert client.ask(b"STAT") == b"+OK 0 0\r\n"


@pytest.mark.parametrize("answer", (b"+OK\r\n", b"+OK \r\n", b"-ERR\r\n", b"+OK three\0\x1b[31m \r x\r\n"), ids=short)
def test_status_line_has_a_text_and_no_control_characters(server, gate, answer):
    drop = server(Maildrop(script={"NOOP": answer}))
    with Wire(gate(drop.port).port) as client:
        client.login(BOB)
        got = client.ask(b"NOOP")
    indicator, _, text = got.partition(b" ")
    assert indicator == answer[:4].strip() and text.strip()
    assert not any(octet < 32 for octet in got[:-2])


def test_refusals_of_the_server_keep_both_in_step(server, gate):
    drop = server(Maildrop(MAIL, script={name: b"-ERR no\r\n" for name in ("LIST", "UIDL", "RETR", "TOP", "DELE")}))
    with Wire(gate(drop.port).port) as client:
        client.login(BOB)
        for line in (b"LIST", b"LIST 1", b"UIDL", b"RETR 1", b"TOP 1 1", b"DELE 1"):
            assert client.ask(line) == b"-ERR no\r\n"
        assert client.ask(b"STAT").startswith(b"+OK 3 ")


def test_number_in_the_ok_line_of_retr_is_right_or_not_there(client):
    answer = client.ask(b"RETR 1")
    digits = [word for word in answer.split() if word.isdigit()]
    assert digits in ([], [b"%d" % len(MAIL[0])])
    assert client.listing() == stuff(MAIL[0])
