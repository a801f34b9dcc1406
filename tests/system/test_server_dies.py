"""
The server dies at each point of a session, in each way. The client must see an error: in the middle of a reply its connection
is reset, since after a clean close curl reports success and mpop loops for ever.
"""
import poplib

import pytest

import clients
import mail
import secrets_sent
from clients import Place
from popgate import Gate, tls_upstream
from scripted import Maildrop, Server, server_context
from wire import Wire, stuff

BOB = secrets_sent.account("dies-bob")
MESSAGE = mail.message("whole", b"line of the body\r\n" * 200)
WIRE = b"+OK\r\n" + stuff(MESSAGE)
HEAD = WIRE.index(b"\r\n\r\n")
POINTS = {  # verb after which it dies, and what it still sends
    "greeting": ("greeting", b"+OK rea"),
    "no greeting": ("greeting", b""),
    "user": ("USER", b""),
    "login": ("PASS", b""),
    "list": ("LIST", b"+OK\r\n1 100\r\n"),
    "retr": ("RETR", b""),
    "retr ok": ("RETR", b"+O"),
    "after ok": ("RETR", b"+OK\r\n"),
    "headers": ("RETR", WIRE[:HEAD - 20]),
    "end of headers": ("RETR", WIRE[:HEAD + 4]),
    "body": ("RETR", WIRE[:HEAD + 1000]),
    "dot": ("RETR", WIRE[:-2]),
    "dot cr": ("RETR", WIRE[:-1]),
    "quit": ("QUIT", b""),
}
CURL_TIMED_OUT = 28
IN_MESSAGE = ("after ok", "headers", "end of headers", "body", "dot", "dot cr")
WAYS = [(way, tls) for tls in ("none", "implicit", "stls") for way in ("fin", "rst", "close_notify")
        if tls != "none" or way != "close_notify"]


def dying(point, way, **options):
    verb, octets = POINTS[point]

    def die(connection, _):
        connection.send(octets)
        getattr(connection, way)()

    return Maildrop([MESSAGE], script={verb: die}, **options)


class Stage:
    """A server for each kind of TLS, whose script is changed from test to test, and one popgate in front of them all."""

    def __init__(self, folder, certificate, authority):
        context = server_context(certificate)
        self.servers = {"none": Server(Maildrop()), "stls": Server(Maildrop(), context),
                        "implicit": Server(Maildrop(), context, implicit=True)}
        upstreams = {tls: tls_upstream(server.port, tls, authority) for tls, server in self.servers.items()}
        listeners = {f"{near}-{far}": {"tls": near, "upstream": far, "filters": [], "plaintext_login": True}
                     for near in clients.TLS for far in clients.TLS}
        for name, keys in listeners.items():
            if not name.startswith("none"):
                keys["certificate"] = [certificate]
        self.authority = authority.file
        self.gate = Gate(folder, listeners, upstreams).start()

    def set(self, point, way, tls="none", client_tls="none"):
        """The server that will die so, and the place where clients find popgate before it."""
        server = self.servers[tls]
        server.connections = []
        server.serve = dying(point, way, capa=[b"STLS", b"TOP", b"UIDL"] if tls == "stls" else None)
        return server, Place(self.gate.ports[f"{client_tls}-{tls}"], client_tls, self.authority)

    def stop(self):
        for server in self.servers.values():
            server.close()
        self.gate.stop()


@pytest.fixture(scope="module")
def stage(binary, new_folder, certificate, authority):
    made = Stage(new_folder("dies"), certificate, authority)
    yield made
    made.stop()


def run_session(client):
    """All that a session asks, up to where it breaks; what was got of the message's reply."""
    for command in (b"USER bob", b"PASS Sesam-5", b"LIST", b"RETR 1", b"DELE 1", b"QUIT"):
        status = client.ask(command)
        if not status.startswith(b"+OK"):
            return command, status
        if command in (b"LIST", b"RETR 1"):
            client.listing()
    return b"", b""


@pytest.mark.parametrize("way,tls", WAYS)
@pytest.mark.parametrize("point", POINTS)
def test_raw_client_sees_an_error(stage, point, way, tls):
    drop, place = stage.set(point, way, tls)
    status, how, client = b"", "", Wire(place.port)
    with client:
        try:
            client.greet()
            status = run_session(client)[1]
        except (EOFError, ConnectionResetError, AssertionError) as error:
            how = type(error).__name__
    assert status.startswith(b"-ERR") or how in ("EOFError", "ConnectionResetError", "AssertionError")
    if point in IN_MESSAGE or point == "list":
        assert status.startswith(b"-ERR") or how == "ConnectionResetError"
        assert not client.buffer.endswith(b"\r\n.\r\n")
    if point != "quit":
        assert not {b"DELE", b"QUIT"} & set(drop.verbs())


@pytest.mark.parametrize("client_tls", ("none", "stls", "implicit"))
@pytest.mark.parametrize("way", ("fin", "rst"))
@pytest.mark.parametrize("point", IN_MESSAGE)
def test_reset_in_the_middle_of_a_message(stage, point, way, client_tls):
    """RST: no terminator, no close_notify, and every octet before it is the message's."""
    drop, place = stage.set(point, way, client_tls=client_tls)
    context = place.context()
    with Wire(place.port, tls=context if client_tls == "implicit" else None) as client:
        if client_tls == "stls":
            client.greet()
            client.stls(context)
        else:
            client.greet()
        client.ask(b"USER bob"), client.ask(b"PASS Sesam-6")
        client.send(b"RETR 1\r\nDELE 1\r\nQUIT\r\n")
        data, how = client.rest()
    assert how == "rst" or data.startswith(b"-ERR")
    if how == "rst":
        message = data.partition(b"\r\n")[2]
        assert stuff(MESSAGE).startswith(message) and len(message) < len(stuff(MESSAGE))
    assert not {b"DELE", b"QUIT"} & set(drop.verbs())


@pytest.mark.parametrize("way,tls", WAYS)
@pytest.mark.parametrize("point", POINTS)
def test_poplib_raises(stage, point, way, tls):
    drop, place = stage.set(point, way, tls)
    with pytest.raises((poplib.error_proto, OSError, EOFError)) as raised:
        with clients.poplib_session(place, BOB, timeout=8) as pop:
            pop.list()
            pop.retr(1)
    assert not isinstance(raised.value, TimeoutError)


@pytest.mark.parametrize("way,tls", WAYS)
@pytest.mark.parametrize("point", (point for point in POINTS if point not in ("list", "quit")))
def test_curl_fails(stage, point, way, tls):
    drop, place = stage.set(point, way, tls)
    done = clients.curl(place, BOB, "-m", "8", path="1", check=False)
    assert done.returncode not in (0, CURL_TIMED_OUT)


@pytest.mark.parametrize("client_tls", ("none", "implicit"))
@pytest.mark.parametrize("point", ("headers", "body", "dot"))
def test_mpop_and_fetchmail_fail(stage, new_folder, point, client_tls):
    """mpop wants UIDL first, and would loop for ever after a clean end."""
    drop, place = stage.set(point, "fin", client_tls=client_tls)
    folder = new_folder("mpop")
    assert clients.mpop(place, BOB, folder, check=False, timeout=20).returncode != 0
    assert not list((folder / "Maildir/new").iterdir())
    assert clients.fetchmail(place, BOB, new_folder("fetchmail"), check=False).returncode not in (0, 1)
    assert not {b"DELE", b"QUIT"} & set(drop.verbs())


@pytest.mark.parametrize("way", ("fin", "rst"))
def test_quit_that_was_not_answered_is_no_success(stage, way):
    drop, place = stage.set("quit", way)
    with Wire(place.port) as client:
        client.login(BOB)
        client.ask(b"DELE 1")
        client.send(b"QUIT\r\n")
        data, how = client.rest()
    assert not data.startswith(b"+OK")
    assert drop.verbs().count(b"QUIT") == 1


@pytest.mark.parametrize("point", ("no greeting", "user", "login", "retr", "retr ok"))
def test_single_line_that_never_came_is_a_passing_fault(stage, point):
    """-ERR [SYS/TEMP], so that a client does not take it for a wrong password (RFC 3206)."""
    drop, place = stage.set(point, "fin")
    with Wire(place.port) as client:
        try:
            greeting = client.line()
            status = run_session(client)[1] if greeting.startswith(b"+OK") else greeting
        except (EOFError, ConnectionResetError):
            pytest.fail("the connection ended without an answer")
    assert status.startswith(b"-ERR [SYS/TEMP]"), status
    assert stage.gate.wait_log(str(drop.port))


def test_popgate_goes_on(stage):
    """A server that died is no reason to refuse the next client."""
    drop, place = stage.set("body", "rst")
    for _ in range(3):
        with Wire(place.port) as client:
            client.login(BOB)
            client.send(b"RETR 1\r\n")
            assert client.rest()[1] == "rst"
