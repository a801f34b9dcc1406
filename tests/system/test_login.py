"""Logging in octet by octet: telnet, SASL with and without an initial response, cancelled, refused, repeated; before and after TLS."""
import time

import pytest

import secrets_sent
from clients import Place
from places import short
from scripted import Maildrop
from wire import Wire, plain, secret

ANSWERS = (b"+OK", b"-ERR")


@pytest.fixture
def port(dovecot_gate):
    return dovecot_gate.ports["none-none"]


def test_somebody_types_over_telnet(port, ann, letters):
    """LF line ends, octets one by one."""
    with Wire(port) as client:
        client.greet()
        for line in (b"user %s\n" % ann.user, b"pass %s\n" % ann.password, b"stat\n"):
            for octet in line:
                client.send(bytes([octet]))
                time.sleep(0.002)
            answer = client.line()
            assert answer.startswith(b"+OK"), answer
        assert answer.startswith(b"+OK %d " % len(letters))


@pytest.mark.parametrize("case", (bytes.upper, bytes.lower, bytes.title), ids=("upper", "lower", "title"))
def test_verbs_in_any_case(port, ann, case):
    with Wire(port) as client:
        client.greet()
        assert client.ask(case(b"user") + b" " + ann.user).startswith(b"+OK")
        assert client.ask(case(b"pass") + b" " + ann.password).startswith(b"+OK")
        assert client.ask(case(b"noop")).startswith(b"+OK")


def test_greeting_keeps_the_servers_timestamp(dovecot, port, ann):
    """APOP works only with the very timestamp that the server made, a new one for each session."""
    with Wire(dovecot.port) as direct:
        assert direct.apop(ann, direct.greet()).startswith(b"+OK")
    with Wire(port) as one, Wire(port) as two:
        greetings = one.greet(), two.greet()
        assert greetings[0] != greetings[1]
        assert one.apop(ann, greetings[0]).startswith(b"+OK")
        assert two.apop(ann, greetings[0]).startswith(b"-ERR")
        assert two.apop(ann, greetings[1]).startswith(b"+OK")


def test_bare_auth_lists_mechanisms(port):
    with Wire(port) as client:
        client.greet()
        assert client.ask(b"AUTH").startswith(b"+OK")
        assert {b"PLAIN", b"LOGIN"} <= set(client.listing().split(b"\r\n"))
        assert client.ask(b"NOOP")[:4] in (b"+OK ", b"-ERR")


def test_auth_plain_with_initial_response(port, ann):
    with Wire(port) as client:
        client.greet()
        assert client.ask(b"AUTH PLAIN " + plain(ann)).startswith(b"+OK")
        assert client.ask(b"STAT").startswith(b"+OK")


def test_auth_plain_after_the_empty_challenge(port, ann):
    with Wire(port) as client:
        client.greet()
        assert client.ask(b"auth plain") == b"+ \r\n"
        assert client.ask(plain(ann)).startswith(b"+OK")


def test_auth_login(port, ann):
    with Wire(port) as client:
        client.greet()
        assert client.ask(b"AUTH LOGIN").startswith(b"+ ")
        assert client.ask(secret(ann.user)).startswith(b"+ ")
        assert client.ask(secret(ann.password)).startswith(b"+OK")


def test_auth_cram_md5(port, ann):
    with Wire(port) as client:
        client.greet()
        assert client.cram_md5(ann).startswith(b"+OK")


CHALLENGES = {
    "AUTH LOGIN in plain words": (b"AUTH LOGIN", [b"+ Username:", b"+ Password:"]),
    "of two words": (b"AUTH PLAIN", [b"+ go ahead, please"]),
    "without a space": (b"AUTH PLAIN", [b"+"]),
    "in another language": (b"AUTH LOGIN", ["+ Kennung für Müller?".encode(), b"+ =?"]),
}


@pytest.mark.parametrize("name", CHALLENGES)
def test_challenge_that_is_no_base64_goes_on(server, gate, name):
    """Clients know what is asked for; what they answer is never taken for a command."""
    command, challenges = CHALLENGES[name]
    responses = [secret(b"bob"), secret(b"Sesam-77-oeffne-dich")][:len(challenges)]

    def log_in(connection, _):
        for challenge in challenges:
            connection.send(challenge + b"\r\n")
            assert connection.line() in responses
        return b"+OK welcome\r\n"

    with Wire(gate(server(Maildrop(script={"AUTH": log_in})).port).port) as client:
        client.greet()
        answer = client.ask(command)
        for challenge, response in zip(challenges, responses):
            assert answer == (challenge + b"\r\n" if challenge != b"+" else b"+ \r\n")
            answer = client.ask(response)
        assert answer == b"+OK welcome\r\n"
        assert client.ask(b"NOOP").startswith(b"+OK")


def test_challenge_with_control_characters_ends_the_session(server, gate):
    with Wire(gate(server(Maildrop(script={"AUTH": b"+ a\x1b[2Jb\r\n"})).port).port) as client:
        client.greet()
        assert client.ask(b"AUTH LOGIN").startswith(b"-ERR [SYS/TEMP]")
        assert client.rest() == (b"", "fin")


def test_auth_is_cancelled_by_a_star(port, ann):
    with Wire(port) as client:
        client.greet()
        for mechanism in (b"PLAIN", b"LOGIN", b"CRAM-MD5"):
            assert client.ask(b"AUTH " + mechanism).startswith(b"+ ")
            assert client.ask(b"*").startswith(b"-ERR")
        assert client.ask(b"AUTH PLAIN " + plain(ann)).startswith(b"+OK")


@pytest.mark.parametrize("response", (b"a b", b"####", b"AGE=YQ==", b"\xff\xff", b"AGFubgB4AA"), ids=short)
def test_response_that_is_no_base64_is_refused(port, ann, response):
    with Wire(port) as client:
        client.greet()
        assert client.ask(b"AUTH PLAIN").startswith(b"+ ")
        assert client.ask(response).startswith(b"-ERR")
        assert client.ask(b"AUTH PLAIN " + plain(ann)).startswith(b"+OK")


def test_several_logins_after_failed_ones(port, ann):
    wrong = ann._replace(password=b"Sesam-wrong")
    with Wire(port) as client:
        greeting = client.greet()
        assert client.apop(wrong, greeting).startswith(b"-ERR")
        assert client.cram_md5(wrong).startswith(b"-ERR")
        client.ask(b"USER " + ann.user)
        assert client.ask(b"PASS " + wrong.password).startswith(b"-ERR")
        assert client.ask(b"AUTH PLAIN " + plain(ann)).startswith(b"+OK")
        assert client.ask(b"LIST").startswith(b"+OK")
        client.listing()


def test_servers_words_of_refusal_are_kept(server, gate):
    """A client tells a locked mailbox from a wrong password by them (RFC 2449, 8.1.2)."""
    drop = server(Maildrop(script={"PASS": b"-ERR [IN-USE] somebody else is reading\r\n"}))
    with Wire(gate(drop.port).port) as client:
        client.greet()
        client.ask(b"USER bob")
        assert client.ask(b"PASS Sesam-1") == b"-ERR [IN-USE] somebody else is reading\r\n"


def test_pass_only_right_after_user(port, ann):
    with Wire(port) as client:
        client.greet()
        assert client.ask(b"PASS " + ann.password).startswith(b"-ERR")


def test_login_after_login_is_refused(port, ann):
    with Wire(port) as client:
        client.login(ann)
        for command in (b"USER bob", b"PASS Sesam-x", b"APOP bob 0123", b"AUTH PLAIN " + plain(ann), b"AUTH PLAIN", b"STLS"):
            assert client.ask(command).startswith(b"-ERR"), command
        assert client.ask(b"NOOP").startswith(b"+OK")


def test_sasl_line_of_kilobytes(server, gate):
    """Bearer tokens are longer than any command (RFC 5034, 4)."""
    token = secret(b"\0bob\0" + b"Sesam" * 1600)
    drop = server(Maildrop(capa=[b"SASL PLAIN", b"USER"]))
    with Wire(gate(drop.port).port) as client:
        client.greet()
        assert client.ask(b"AUTH PLAIN").startswith(b"+ ")
        assert client.ask(token).startswith(b"+OK")
    assert token in drop.commands()


def test_pipelined_login_and_more(port, ann, letters):
    with Wire(port) as client:
        client.send(b"USER %s\r\nPASS %s\r\nSTAT\r\nNOOP\r\nQUIT\r\n" % ann)
        client.greet()
        answers = [client.line() for _ in range(5)]
        assert all(answer.startswith(b"+OK") for answer in answers), answers
        assert answers[2].startswith(b"+OK %d " % len(letters))
        assert client.rest() == (b"", "fin")


def test_pipelined_sasl_responses_are_no_commands(port, ann):
    """What follows AUTH is SASL until the server has decided."""
    with Wire(port) as client:
        client.send(b"AUTH LOGIN\r\n%s\r\n%s\r\nSTAT\r\n" % (secret(ann.user), secret(ann.password)))
        client.greet()
        assert [client.line()[:2] for _ in range(2)] == [b"+ ", b"+ "]
        assert client.line().startswith(b"+OK") and client.line().startswith(b"+OK")


@pytest.mark.parametrize("tls", ("stls", "stls-required"))
def test_no_plaintext_login_before_tls(server, gate, certificate, authority, tls):
    """Refused at USER, before a password is sent, and not listed (RFC 5034, 4; RFC 8314, 4.1)."""
    drop = server(Maildrop(capa=[b"USER", b"SASL PLAIN LOGIN CRAM-MD5"]))
    port = gate(drop.port, {"tls": tls, "certificate": [certificate]}).port
    bob = secrets_sent.account("clear-bob")
    with Wire(port) as client:
        client.greet()
        offered = client.fetch(b"CAPA").split(b"\r\n")
        assert b"STLS" in offered and b"USER" not in offered
        assert not any(line.startswith(b"SASL") and (b"PLAIN" in line or b"LOGIN" in line) for line in offered)
        for command in (b"USER " + bob.user, b"PASS " + bob.password, b"AUTH PLAIN " + plain(bob), b"AUTH PLAIN", b"AUTH LOGIN"):
            assert client.ask(command).startswith(b"-ERR"), command
        assert not {b"USER", b"PASS", b"AUTH"} & set(drop.verbs())
        client.stls(Place(port, ca=authority.file).context())
        offered = client.fetch(b"CAPA").split(b"\r\n")
        assert b"STLS" not in offered and b"USER" in offered
        assert client.ask(b"AUTH PLAIN " + plain(bob)).startswith(b"+OK")


def test_every_login_needs_tls_where_it_is_required(server, gate, certificate):
    """stls-required: APOP and CRAM-MD5 too."""
    drop = server(Maildrop(capa=[b"USER", b"SASL CRAM-MD5"], script={"greeting": b"+OK ready <1.2@example.org>\r\n"}))
    port = gate(drop.port, {"tls": "stls-required", "certificate": [certificate], "plaintext_login": True}).port
    with Wire(port) as client:
        client.greet()
        for command in (b"USER bob", b"APOP bob 0123456789abcdef0123456789abcdef", b"AUTH CRAM-MD5", b"AUTH PLAIN"):
            assert client.ask(command).startswith(b"-ERR"), command
    assert not {b"USER", b"APOP", b"AUTH"} & set(drop.verbs())


def test_user_given_before_tls_does_not_count_after_it(server, gate, certificate, authority):
    drop = server(Maildrop())
    port = gate(drop.port, {"tls": "stls", "certificate": [certificate], "plaintext_login": True}).port
    with Wire(port) as client:
        client.greet()
        client.ask(b"USER bob")
        client.stls(Place(port, ca=authority.file).context())
        assert client.ask(b"PASS Sesam-2").startswith(b"-ERR")
    assert b"PASS" not in drop.verbs()


def test_nothing_after_quit_is_acted_on(server, gate):
    drop = server(Maildrop([b"x\r\n"]))
    with Wire(gate(drop.port).port) as client:
        client.login(secrets_sent.account("quit-bob"))
        client.send(b"QUIT\r\nDELE 1\r\nNOOP\r\n")
        data, how = client.rest()
    assert data.startswith(ANSWERS) and data.count(b"\r\n") == 1 and how in ("fin", "rst")
    assert not {b"DELE", b"NOOP"} & set(drop.verbs())
