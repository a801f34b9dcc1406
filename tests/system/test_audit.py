"""The audit log of a whole session: every event with its fields, one JSON object a line."""
import hashlib
import json
import re
import signal

import pytest

import filters
import mail
import secrets_sent
from clients import Place
from places import records, wait_until
from scripted import Maildrop, server_context
from wire import Wire, plain

BOB = secrets_sent.account("audit-bob")
SPAM = mail.message("Cheap pills", b"order your pills now\r\n.\r\n")
COMMON = {"time", "event", "session", "client", "listener"}
ADDED = {
    "connect": set(),
    "tls": {"side", "version", "cipher", "sni", "resumed"},
    "login": {"user", "mechanism", "upstream", "ok"},
    "message": {"user", "command", "number", "message_id", "from", "subject", "octets_in", "octets_out", "sha256", "score", "required",
                "rules", "changes", "outcome", "ms"},
    "delete": {"user", "number", "ok"},
    "reset": {"user", "deleted", "ok"},
    "refused": {"why", "mechanism", "exposed"},
    "disconnect": {"reason", "user", "retrieved", "deleted", "committed", "bytes_in", "bytes_out", "ms"},
}


class Recorded:
    def __init__(self, gate, folder, place):
        self.gate, self.file, self.place = gate, folder / "audit.jsonl", place

    def records(self, event=None):
        return records(self.file, event)

    def wait(self, event, count=1):
        return wait_until(lambda: self.records(event)[count - 1:] and self.records(event), what=f"{count} {event} in the audit log")


@pytest.fixture
def recorded(server, gate, folder, certificate, authority):
    """popgate with every filter, TLS on both sides, in front of a scripted server."""
    def make(messages=(SPAM,), **script):
        drop = server(Maildrop(messages, script, capa=[b"TOP", b"UIDL", b"USER", b"SASL PLAIN", b"PIPELINING"]),
                      server_context(certificate), implicit=True)
        running = gate(drop.port, {"tls": "implicit", "certificate": [certificate]},
                       {"server": [f"localhost:{drop.port}"], "tls": "implicit", "tls_ca": authority.file},
                       filters.every(folder))
        return Recorded(running, folder, Place(running.port, "implicit", authority.file))

    return make


def client_of(recorded):
    return Wire(recorded.place.port, tls=recorded.place.context())


def test_whole_session(recorded):
    log = recorded()
    with client_of(log) as client:
        client.greet()
        client.ask(b"USER bob"), client.ask(b"PASS wrong")
        client.ask(b"AUTH PLAIN " + plain(BOB))
        client.fetch(b"UIDL")
        got = client.fetch(b"RETR 1")
        client.fetch(b"TOP 1 1")
        client.ask(b"DELE 1"), client.ask(b"QUIT")
        own = "%s:%d" % client.socket.socket.getsockname()
    log.wait("disconnect")
    found = log.records()
    for record in found:
        assert COMMON | ADDED[record["event"]] <= set(record), record
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", record["time"])
        assert record["client"] == own and record["listener"] == "in"
    assert len({record["session"] for record in found}) == 1
    assert [record["time"] for record in found] == sorted(record["time"] for record in found)
    assert found[0]["event"] == "connect" and found[-1]["event"] == "disconnect"
    assert {(record["side"], record["version"]) for record in log.records("tls")} == {("client", "TLSv1.3"), ("server", "TLSv1.3")}
    refused, accepted = log.records("login")
    assert (refused["user"], refused["mechanism"], refused["ok"]) == ("bob", "USER", False)
    assert any("no such login" in value for value in refused.values() if isinstance(value, str))
    assert (accepted["user"], accepted["mechanism"], accepted["ok"], accepted["upstream"]) == ("audit-bob", "PLAIN", True, "server")
    retr, top = log.records("message")
    assert (retr["command"], retr["number"], retr["uidl"], retr["outcome"]) == ("RETR", 1, "uid-1", "delivered")
    assert retr["sha256"] == hashlib.sha256(SPAM).hexdigest()
    assert (retr["octets_in"], retr["octets_out"]) == (len(SPAM), len(got))
    assert retr["message_id"] == "<Cheap-pills@example.org>" and retr["from"] == "Ann <ann@example.org>"
    assert retr["subject"] == "Cheap pills" and abs(retr["score"] - 7.6) < 0.01 and retr["required"] == 5.0
    assert "BODY_PILLS" in json.dumps(retr["rules"]) and retr["ms"] >= 0
    assert (top["command"], top["number"], top["outcome"]) == ("TOP", 1, "delivered")
    assert [(r["number"], r["uidl"], r["ok"]) for r in log.records("delete")] == [(1, "uid-1", True)]
    end, = log.records("disconnect")
    assert (end["user"], end["retrieved"], end["deleted"], end["committed"]) == ("audit-bob", 1, 1, True)
    assert end["bytes_out"] > len(got) and 0 < end["bytes_in"] < 1000


def test_session_without_quit_is_not_committed(recorded):
    log = recorded()
    with client_of(log) as client:
        client.login(BOB)
        client.ask(b"DELE 1")
    end, = log.wait("disconnect")
    assert (end["deleted"], end["committed"]) == (1, False) and end["reason"]


def test_refused_delete(recorded):
    log = recorded(DELE=b"-ERR no such message\r\n")
    with client_of(log) as client:
        client.login(BOB)
        client.ask(b"DELE 7"), client.ask(b"QUIT")
    assert [(record["number"], record["ok"]) for record in log.wait("delete")] == [(7, False)]
    assert log.wait("disconnect")[0]["deleted"] == 0


def test_reset_is_recorded(recorded):
    log = recorded([SPAM] * 3)
    with client_of(log) as client:
        client.login(BOB)
        client.ask(b"DELE 1"), client.ask(b"DELE 2"), client.ask(b"RSET"), client.ask(b"DELE 3"), client.ask(b"QUIT")
    log.wait("disconnect")
    assert [(record["event"], record.get("number", record.get("deleted")), record["user"]) for record in log.records()
            if record["event"] in ("delete", "reset")] == [
        ("delete", 1, "audit-bob"), ("delete", 2, "audit-bob"), ("reset", 2, "audit-bob"), ("delete", 3, "audit-bob")]
    assert log.records("disconnect")[0]["deleted"] == 1


@pytest.mark.parametrize("capa", ([b"TOP", b"UIDL", b"PIPELINING"], None), ids=("pipelining", "one-by-one"))
def test_delete_names_the_unique_id(server, gate, folder, capa):
    """Asked for once in a session, whatever else the filters do, where the client has not."""
    drop = server(Maildrop([SPAM] * 3, capa=capa))
    running = gate(drop.port, filters=filters.audit(folder))
    log = Recorded(running, folder, None)
    with Wire(running.port) as client:
        client.login(BOB)
        client.fetch(b"RETR 1")
        client.send(b"DELE 1\r\nDELE 3\r\nDELE 9\r\nQUIT\r\n")
        assert [client.line()[:3] for _ in range(4)] == [b"+OK"] * 4
    log.wait("disconnect")
    assert [(record["number"], record.get("uidl")) for record in log.records("delete")] == [(1, "uid-1"), (3, "uid-3"), (9, None)]
    assert drop.verbs().count(b"UIDL") == 1
    assert [line for line in drop.commands() if line[:4] in (b"DELE", b"QUIT")] == [b"DELE 1", b"DELE 3", b"DELE 9", b"QUIT"]


def test_refused_login_is_recorded(server, gate, folder, certificate):
    """A password that crossed the net in the clear has to be changed: of whom it is, and that it did."""
    running = gate(server(Maildrop([SPAM])).port, {"tls": "stls", "certificate": [certificate]}, filters=filters.audit(folder))
    log = Recorded(running, folder, None)
    for commands in ((b"USER audit-bob", b"PASS " + BOB.password), (b"AUTH PLAIN", b"AUTH PLAIN " + plain(BOB))):
        with Wire(running.port) as client:
            client.greet()
            assert all(client.ask(command).startswith(b"-ERR start TLS") for command in commands)
    log.wait("disconnect", 2)
    assert [(each["why"], each.get("user"), each["mechanism"], each["exposed"]) for each in log.records("refused")] == [
        ("TLS", "audit-bob", "USER", False), ("TLS", "audit-bob", "USER", True),
        ("TLS", None, "PLAIN", False), ("TLS", "audit-bob", "PLAIN", True)]
    assert running.log().count("refused: the connection is not encrypted") == 4
    assert running.log().count("the password has crossed it") == 2
    with Wire(running.port) as client:  # nobody fills the log
        client.send(b"USER x\r\n" * 1000)
        client.rest()
    log.wait("disconnect", 3)
    assert len(log.records("refused")) < 20


def test_aborted_message(recorded):
    def die(connection, _):
        connection.send(b"+OK\r\nSubject: half\r\n\r\nhalf a mess")
        connection.rst()

    log = recorded(RETR=die)
    with client_of(log) as client:
        client.login(BOB)
        client.send(b"RETR 1\r\n")
        client.rest()
    record, = log.wait("message")
    assert record["outcome"] == "aborted" and record["number"] == 1
    assert log.wait("disconnect")[0]["retrieved"] == 0


def test_client_that_does_nothing(recorded):
    log = recorded()
    with client_of(log) as client:
        client.greet()
    end, = log.wait("disconnect")
    assert not end.get("user") and end["retrieved"] == end["deleted"] == 0 and end["committed"] is False
    assert [record["event"] for record in log.records()][0] == "connect"


def test_octets_of_peers_cannot_break_a_line(recorded):
    """Control characters, ill-formed UTF-8, quotes: still one JSON object a line, of well-formed UTF-8."""
    nasty = (b'From: "\x1b[31m\\" \xff\xfe <x@y>\r\nSubject: a\x07"b\xe2\x80\xae\r\n {"event": "login"}\r\n'
             b"Message-ID: <\x80\x00@x>\r\n\r\nbody\r\n")
    log = recorded([nasty])
    with client_of(log) as client:
        client.greet()
        client.ask(b'USER "x\xff\\"}'), client.ask(b"PASS wrong")
        client.ask(b"AUTH PLAIN " + plain(BOB._replace(user=b"new\r\nline\x1b")))
        client.fetch(b"RETR 1")
        client.ask(b"QUIT")
    log.wait("disconnect")
    raw = log.file.read_bytes()
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", raw)
    assert {record["event"] for record in log.records()} <= set(ADDED)


def test_listener_without_the_filter_is_not_recorded(server, gate, folder):
    drop = server(Maildrop([SPAM]))
    running = gate(drop.port, {"filters": []}, filters=filters.audit(folder))
    with Wire(running.port) as client:
        client.login(BOB).fetch(b"RETR 1")
        client.ask(b"QUIT")
    running.stop()
    file = folder / "audit.jsonl"
    assert not file.exists() or not file.read_bytes()


def test_many_sessions_lose_no_record(server, gate, folder):
    drop = server(Maildrop([SPAM] * 20, capa=[b"PIPELINING", b"UIDL", b"TOP"]))
    running = gate(drop.port, filters=filters.audit(folder), workers=2)
    log = Recorded(running, folder, None)
    for _ in range(30):
        with Wire(running.port) as client:
            client.login(BOB)
            client.send(b"".join(b"RETR %d\r\n" % number for number in range(1, 21)) + b"QUIT\r\n")
            client.rest()
    log.wait("disconnect", 30)
    assert [len(log.records(event)) for event in ("connect", "login", "message", "disconnect")] == [30, 30, 600, 30]
    assert log.records("lost") == []


def test_log_is_reopened_after_rotation(recorded):
    """USR1: what comes after goes to a new file. The auditor has it soon after it was made, and no record is lost between."""
    log, sessions = recorded(), []

    def session():
        with client_of(log) as client:
            client.login(BOB)
            client.ask(b"QUIT")
        sessions.append(1)

    def ended(file):
        return file.read_bytes().count(b'"event":"disconnect"') if file.exists() else 0

    session()
    log.wait("disconnect")
    old = log.file.with_name("audit.jsonl.1")
    log.file.rename(old)
    log.gate.log_file.rename(log.gate.log_file.with_name("popgate.log.1"))
    log.gate.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: log.file.exists() and log.gate.log_file.exists(), what="new files")
    wait_until(lambda: session() or ended(log.file), what="a record in the new file")
    size = old.stat().st_size
    session()
    wait_until(lambda: ended(old) + ended(log.file) == len(sessions), what="a record of each session")
    assert old.stat().st_size == size
