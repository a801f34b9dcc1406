"""A password that went through a worker is nowhere in its memory."""
import base64
import re
import secrets

import pytest

import secrets_sent
from clients import Place
from places import ASAN, wait_until
from popgate import tls_upstream
from scripted import Maildrop, server_context
from test_processes import called
from wire import Wire

TLS = ("none", "stls", "implicit")
pytestmark = pytest.mark.skipif(ASAN, reason="AddressSanitizer keeps what was freed, and terabytes of its own")


def writable(pid):
    """The octets of a process that it can change: all that it has of its own."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            start, end, mode = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            if mode.startswith("rw"):
                memory.seek(int(start, 16))
                try:
                    yield memory.read(int(end, 16) - int(start, 16))
                except OSError:
                    pass  # the kernel's own


def copies(pid, octets):
    try:
        return sum(part.count(octets) for part in writable(pid))
    except PermissionError as error:
        pytest.skip(f"the memory of a worker may not be looked at: {error}")


class Login:
    """A name and a password of its own, in all forms in which they are sent."""

    def __init__(self, wrong=False):
        account = secrets_sent.account("wiped-" + secrets.token_hex(4))
        self.user, self.password = account.user, b"hunter" + secrets.token_hex(16).encode()
        self.plain = base64.b64encode(b"\0" + self.user + b"\0" + self.password)
        self.encoded = base64.b64encode(self.password)
        for each in (self.password, self.plain, self.encoded):
            secrets_sent.add(each)

    def forms(self):
        """Parts in the middle, for free() writes over the first 16 octets, and the ends may be wiped by what came later."""
        return [self.password[16:32], self.plain[-32:-8], self.encoded[8:24]]


def by_pass(client, login):
    client.ask(b"USER " + login.user)
    return client.ask(b"PASS " + login.password)


def by_pipelined_pass(client, login):
    client.send(b"USER " + login.user + b"\r\nPASS " + login.password + b"\r\n")
    client.line()
    return client.line()


def by_plain(client, login):
    assert client.ask(b"AUTH PLAIN").startswith(b"+ ")
    return client.ask(login.plain)


def by_plain_at_once(client, login):
    return client.ask(b"AUTH PLAIN " + login.plain)


def by_login(client, login):
    assert client.ask(b"AUTH LOGIN").startswith(b"+ ")
    assert client.ask(base64.b64encode(login.user)).startswith(b"+ ")
    return client.ask(login.encoded)


def octet_by_octet(client, login):
    client.ask(b"USER " + login.user)
    for octet in b"PASS " + login.password + b"\r\n":
        client.send(bytes([octet]))
    return client.line()


def refused(client, login):
    """Before a name: it goes no further."""
    answer = client.ask(b"PASS " + login.password)
    assert answer.startswith(b"-ERR")
    return None


def take_auth(connection, argument):
    """PLAIN as usual; LOGIN too."""
    if not argument.upper().startswith(b"LOGIN"):
        return Maildrop().do_AUTH(connection, argument)
    connection.send(b"+ VXNlcm5hbWU6\r\n")
    connection.line()
    connection.send(b"+ UGFzc3dvcmQ6\r\n")
    connection.line()
    return b"+OK welcome\r\n"


WAYS = (by_pass, by_pipelined_pass, by_plain, by_plain_at_once, by_login, octet_by_octet, refused)


@pytest.fixture
def wiping(gate, server, authority, certificate):
    """Starts popgate with TLS or without on either side; gives a way to connect to it, and a search in its worker's memory."""
    def start(near, far):
        drop = server(Maildrop(capa=[b"PIPELINING"], script={"AUTH": take_auth}), server_context(certificate), far == "implicit")
        listener = {"tls": near, "plaintext_login": True, **({} if near == "none" else {"certificate": [certificate]})}
        running = gate(drop.port, listener, upstream=tls_upstream(drop.port, far, authority))
        worker, = called(running, "worker")
        context = Place(0, ca=authority.file).context()

        def connect():
            client = Wire(running.port, tls=context if near == "implicit" else None)
            client.greet()
            if near == "stls":
                client.stls(context)
            return client

        return connect, lambda octets: copies(worker, octets)

    return start


@pytest.mark.parametrize("near", TLS)
@pytest.mark.parametrize("far", ("none", "implicit"))
def test_no_copy_of_a_password_is_left(wiping, near, far):
    """While the session goes on, and behind it."""
    connect, search = wiping(near, far)
    found = {}
    for way in WAYS * 2:  # what the server can do is known the second time
        login = Login()
        with connect() as client:
            answer = way(client, login)
            if answer is not None:
                assert answer.startswith(b"+OK"), (way.__name__, answer)
                client.send(b"NOOP\r\nNOOP\r\n")  # the server is asked whether it pipelines
                assert client.line().startswith(b"+OK") and client.line().startswith(b"+OK")
            found[way.__name__] = [search(form) for form in login.forms()]
            client.ask(b"QUIT")
            client.rest()
        found[way.__name__, "end"] = [search(form) for form in login.forms()]
    assert not {way: counts for way, counts in found.items() if any(counts)}


@pytest.mark.parametrize("near", TLS)
def test_half_a_password_is_wiped_as_well(wiping, near):
    """It is there, as long as its end is waited for: the search finds it."""
    connect, search = wiping(near, "none")
    login = Login()
    with connect() as client:
        client.ask(b"USER " + login.user)
        client.send(b"PASS " + login.password)
        wait_until(lambda: search(login.forms()[0]) > 0, what="the password in memory")
    wait_until(lambda: search(login.forms()[0]) == 0, what="memory without the password")
