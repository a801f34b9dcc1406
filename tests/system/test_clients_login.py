"""Every way to log in that real mail programs have, directly and through popgate; and what they do besides fetching."""
import poplib

import pytest

import clients
import secrets_sent
from certificates import Authority
from clients import Place
from scripted import Maildrop
from wire import Wire, plain

VIA = pytest.mark.parametrize("via", ("direct", "none"))
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "+APOP")


@VIA
@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("initial", ((), ("--sasl-ir",)), ids=("challenge", "initial-response"))
def test_curl_mechanism(via, mechanism, initial, place, ann, letters):
    done = clients.curl(place(via, "none"), ann, "--login-options", f"AUTH={mechanism}", *initial, path="1")
    assert done.stdout == letters[0]


@VIA
@pytest.mark.parametrize("method", ("user", "plain", "login", "cram-md5"))
def test_mpop_method(via, method, place, ann, letters, folder):
    clients.mpop(place(via, "none"), ann, folder, auth=method)
    assert len(list((folder / "Maildir/new").iterdir())) == len(letters)


@VIA
@pytest.mark.parametrize("pipelining", ("on", "off"))
def test_mpop_pipelining(via, pipelining, place, ann, letters, folder):
    clients.mpop(place(via, "none"), ann, folder, pipelining=pipelining)
    assert len(list((folder / "Maildir/new").iterdir())) == len(letters)


@VIA
@pytest.mark.parametrize("auth", ("", "uidl", "auth cram-md5 uidl", "auth password"))
def test_fetchmail_method(via, auth, place, ann, letters, folder):
    clients.fetchmail(place(via, "none"), ann, folder, auth=auth)
    assert len(list(folder.glob("m[0-9]*"))) == len(letters)


@VIA
@pytest.mark.parametrize("tls", clients.TLS)
def test_poplib_commands(via, tls, place, ann, letters):
    with clients.poplib_session(place(via, tls), ann) as pop:
        assert pop.stat() == (len(letters), sum(map(len, letters)))
        assert pop.list()[1] == [b"%d %d" % item for item in enumerate(map(len, letters), 1)]
        assert pop.list(2) == b"+OK 2 %d" % len(letters[1])
        assert [line.split(b" ")[0] for line in pop.uidl()[1]] == [b"%d" % number for number in range(1, len(letters) + 1)]
        assert pop.uidl(3).startswith(b"+OK 3 1700000003.")
        assert b"\r\n".join(pop.top(2, 0)[1]) == letters[1].partition(b"\r\n\r\n")[0] + b"\r\n"
        assert "UIDL" in pop.capa() and "TOP" in pop.capa()
        assert pop.noop().startswith(b"+OK") and pop.rset().startswith(b"+OK")
        with pytest.raises(poplib.error_proto):
            pop.retr(len(letters) + 1)


@VIA
def test_poplib_apop(via, place, ann, letters):
    with clients.poplib_session(place(via, "none"), None) as pop:
        pop.apop(ann.user.decode(), ann.password.decode())
        assert pop.stat()[0] == len(letters)


@VIA
def test_poplib_auth(via, place, ann, letters):
    with clients.poplib_session(place(via, "none"), None) as pop:
        assert pop._shortcmd("AUTH PLAIN " + plain(ann).decode()).startswith(b"+OK")
        assert pop.stat()[0] == len(letters)


@VIA
def test_poplib_lists_mechanisms_as_outlook_does(via, place):
    with clients.poplib_session(place(via, "none"), None) as pop:
        assert {b"PLAIN", b"LOGIN", b"CRAM-MD5"} <= set(pop._longcmd("AUTH")[1])


@VIA
@pytest.mark.parametrize("client", ("poplib", "curl", "mpop", "fetchmail"))
def test_wrong_password_is_an_error_to_the_client(via, client, place, ann, folder):
    wrong = ann._replace(password=b"not-the-password")
    where = place(via, "none")
    if client == "poplib":
        with pytest.raises(poplib.error_proto):
            clients.fetch_poplib(where, wrong, folder)
    elif client == "curl":
        assert clients.curl(where, wrong, check=False).returncode == 67
    else:
        program = {"mpop": clients.mpop, "fetchmail": clients.fetchmail}[client]
        assert program(where, wrong, folder, check=False).returncode not in (0, 1)


@pytest.mark.parametrize("tls", ("stls", "implicit"))
@pytest.mark.parametrize("via", ("direct", "implicit"))
def test_client_verifies_the_certificate(via, tls, place, ann, folder):
    """With another authority the connection is refused: so with the right one, the certificate was what made it work."""
    foreign = Authority(folder / "foreign", "somebody else")
    done = clients.curl(Place(place(via, tls).port, tls, foreign.file), ann, check=False)
    assert done.returncode == 60


def test_login_names_reach_the_server_as_they_are(server, gate):
    """Spaces in passwords, trailing ones too, and 8-bit octets are kept (RFC 1939, 7)."""
    drop = server(Maildrop())
    port = gate(drop.port).port
    for password in (b" two  spaces and one behind ", b"f\xc3\xbcnf", b"\xff\xfe", b"x" * 240):
        with Wire(port) as client:
            client.greet()
            client.ask(b"USER bob smith@example.net")
            assert client.ask(b"PASS " + password).startswith(b"+OK")
        assert b"PASS " + password in drop.commands()
    assert b"USER bob smith@example.net" in drop.commands()


@pytest.mark.parametrize("via", ("direct", "popgate"))
def test_mutt_opens_a_mailbox_of_a_server_without_capa(via, server, gate, folder):
    """It asks for CAPA before and after the login, and wants UIDL and TOP."""
    drop = server(Maildrop([b"Subject: %d\r\nFrom: a@b.example\r\n\r\nbody\r\n" % number for number in range(1, 4)]))
    port = drop.port if via == "direct" else gate(drop.port).port
    clients.mutt(Place(port), secrets_sent.account("mutt"), folder)
    assert drop.commands()[-9:] == [b"STAT", b"UIDL", b"LIST 1", b"TOP 1 0", b"LIST 2", b"TOP 2 0", b"LIST 3", b"TOP 3 0", b"QUIT"]
