"""How many sessions there may be: who is refused, who gives way, and what stays open for the others."""
import os
import re
import signal
import socket
import ssl

import pytest

import mail
import secrets_sent
from places import HOST, POPGATE, wait_until
from popgate import Gate, check
from scripted import Maildrop
from wire import Wire

BOB = secrets_sent.account("limits-bob")
LETTERS = [mail.message("one")]
REFUSED_ALL = b"-ERR [SYS/TEMP] too many sessions, try again later\r\n"
REFUSED_ADDRESS = b"-ERR [SYS/TEMP] too many sessions from your address\r\n"


class Clients:
    """Clients that are closed at the end of a test, whatever became of them."""

    def __init__(self):
        self.all = []

    def keep(self, client):
        self.all.append(client)
        return client

    def logged_in(self, port, count):
        return [self.keep(Wire(port)).login(BOB) for _ in range(count)]

    def idle(self, port, count):
        """They say nothing; each is there when its greeting is."""
        them = [self.keep(Wire(port)) for _ in range(count)]
        for each in them:
            assert each.line().startswith(b"+OK")
        return them

    def from_address(self, port, address):
        client = self.keep(Wire.__new__(Wire))
        client.socket, client.buffer, client.name = socket.socket(), b"", "localhost"
        client.socket.bind((address, 0))
        client.socket.settimeout(8)
        client.socket.connect((HOST, port))
        return client


@pytest.fixture
def clients():
    them = Clients()
    yield them
    for each in them.all:
        each.socket.close()


def is_closed(client):
    """Nothing but the end is there to be read, or comes."""
    try:
        return client.socket.recv(1) == b""
    except ConnectionResetError:
        return True


def has_ended(client):
    """Whatever it was told before."""
    try:
        while client.socket.recv(4096):
            continue
    except ConnectionResetError:
        return True
    except BlockingIOError:
        return False
    return True


def ends(clients):
    """How many of them popgate has left."""
    for each in clients:
        each.socket.setblocking(False)
    return sum(map(has_ended, clients))


@pytest.mark.parametrize("workers", [1, 3])
def test_address(gate, server, clients, workers):
    upstream = server(Maildrop(LETTERS))
    running = gate(upstream.port, listener={"max_sessions_per_address": 3}, workers=workers)
    first = clients.logged_in(running.port, 3)
    refused = clients.keep(Wire(running.port))
    assert refused.line() == REFUSED_ADDRESS and is_closed(refused)
    other = clients.from_address(running.port, "127.0.0.2")
    other.login(BOB)
    first[0].ask(b"QUIT")
    wait_until(lambda: clients.keep(Wire(running.port)).line().startswith(b"+OK"), 5, "its place is free")
    assert re.search(r"listener in: max_sessions_per_address is reached.*127\.0\.0\.1", running.log())


def test_who_only_connects_does_not_count_twice(gate, server, clients):
    """An address is refused before anybody has to give way for it."""
    running = gate(server(Maildrop(LETTERS)).port, listener={"max_sessions_per_address": 2}, max_sessions=2)
    idle = clients.idle(running.port, 2)
    assert clients.keep(Wire(running.port)).line() == REFUSED_ADDRESS
    assert ends(idle) == 0
    clients.from_address(running.port, "127.0.0.2").login(BOB)
    assert wait_until(lambda: ends(idle[:1]), 5, "the oldest gave way") and ends(idle[1:]) == 0


@pytest.mark.parametrize("where", ["listener", "all"])
def test_logged_in_sessions_are_not_sent_away(gate, server, clients, where):
    limit = {"max_sessions": 4}
    running = gate(server(Maildrop(LETTERS)).port, listener=limit if where == "listener" else {},
                   workers=2, **(limit if where == "all" else {}))
    them = clients.logged_in(running.port, 4)
    assert clients.keep(Wire(running.port)).line() == REFUSED_ALL
    assert all(each.ask(b"NOOP").startswith(b"+OK") for each in them)


@pytest.mark.parametrize("where", ["listener", "all"])
def test_who_has_not_logged_in_gives_way(gate, server, clients, where):
    limit = {"max_sessions": 5}
    running = gate(server(Maildrop(LETTERS)).port, listener=limit if where == "listener" else {},
                   **(limit if where == "all" else {}))
    users = clients.logged_in(running.port, 2)
    idle = clients.idle(running.port, 3)
    users += clients.logged_in(running.port, 3)
    wait_until(lambda: ends(idle) == 3, 5, "the idle ones gave way")
    assert all(each.ask(b"NOOP").startswith(b"+OK") for each in users)
    assert running.log().count("clients that have not logged in give way") == 1
    assert "made room for a new client (max_sessions)" in running.log()


def test_many_events_are_one_line(gate, server, clients):
    running = gate(server(Maildrop(LETTERS)).port, max_sessions=1)
    clients.logged_in(running.port, 1)
    for _ in range(50):
        assert clients.keep(Wire(running.port)).line() == REFUSED_ALL
    assert running.log().count("max_sessions is reached") == 1
    running.wait_log(r"it is over that max_sessions is reached.*; 50 clients", 25)


def test_other_listeners_are_counted_for_themselves(binary, new_folder, server, clients):
    port = server(Maildrop(LETTERS)).port
    running = Gate(new_folder("gate"), {"small": {"upstream": "server", "max_sessions": 1}, "large": {"upstream": "server"}},
                   {"server": {"server": [f"{HOST}:{port}"]}}).start()
    try:
        clients.logged_in(running.ports["small"], 1)
        assert clients.keep(Wire(running.ports["small"])).line() == REFUSED_ALL
        clients.logged_in(running.ports["large"], 3)
    finally:
        running.stop()


def test_idle_clients_do_not_use_up_the_descriptors(binary, new_folder, server, clients):
    """194 of them shut everybody out of a service with 400 descriptors."""
    port = server(Maildrop(LETTERS), backlog=512).port
    running = Gate(new_folder("gate"), {"in": {"upstream": "server"}}, {"server": {"server": [f"{HOST}:{port}"]}})
    running.program = ["prlimit", "--nofile=400", POPGATE]
    running.start()
    try:
        idle = [clients.keep(Wire(running.port)) for _ in range(300)]
        users = clients.logged_in(running.port, 5)
        assert all(each.ask(b"NOOP").startswith(b"+OK") for each in users)
        assert ends(idle) > 100
        assert "Too many open files" not in running.log()
    finally:
        running.stop()


def test_clients_wait_where_all_descriptors_are_at_work(binary, new_folder, server, clients):
    port = server(Maildrop(LETTERS)).port
    running = Gate(new_folder("gate"), {"in": {"upstream": "server"}}, {"server": {"server": [f"{HOST}:{port}"]}})
    running.program = ["prlimit", "--nofile=110", POPGATE]
    running.start()
    try:
        users = clients.logged_in(running.port, 6)
        waiting = clients.keep(Wire(running.port))
        running.wait_log("as many as its descriptors carry: new clients wait")
        waiting.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            waiting.line()
        waiting.socket.settimeout(8)
        users[0].ask(b"QUIT")
        assert waiting.line().startswith(b"+OK")
    finally:
        running.stop()


def test_handshakes(gate, server, clients, certificate, authority):
    """Clients that never say hello make room for one that does."""
    context = ssl.create_default_context(cafile=authority.file)
    listener = {"tls": "implicit", "certificate": [certificate], "max_sessions": 100}
    running = gate(server(Maildrop(LETTERS)).port, listener=listener, max_handshakes=10)
    users = [clients.keep(Wire(running.port, tls=context)).login(BOB) for _ in range(3)]
    silent = [clients.keep(Wire(running.port)) for _ in range(30)]
    users.append(clients.keep(Wire(running.port, tls=context)).login(BOB))
    assert wait_until(lambda: ends(silent) >= 20, 5, "the oldest were left") and ends(silent) <= 21
    assert all(each.ask(b"NOOP").startswith(b"+OK") for each in users)
    assert "made room for a new handshake (max_handshakes)" in running.log()


def test_sessions_of_the_last_generation_count(gate, server, clients):
    running = gate(server(Maildrop(LETTERS)).port, listener={"max_sessions_per_address": 2}, shutdown_timeout="20s")
    old = clients.logged_in(running.port, 2)
    running.reload()
    running.wait_log("generation 2")
    wait_until(lambda: clients.keep(Wire(running.port)).line() == REFUSED_ADDRESS, 5, "the new generation counts them")
    old[0].ask(b"QUIT")
    wait_until(lambda: clients.keep(Wire(running.port)).line().startswith(b"+OK"), 5, "its place is free")


def test_sessions_of_a_worker_that_was_killed_do_not_count(gate, server, clients):
    running = gate(server(Maildrop(LETTERS)).port, listener={"max_sessions_per_address": 2})
    clients.logged_in(running.port, 2)
    os.kill(running.workers()[0], signal.SIGKILL)
    wait_until(lambda: clients.keep(Wire(running.port)).line().startswith(b"+OK"), 8, "the next worker counts from none")


def configuration(folder, **options):
    keys = "".join(f"{key} = {value}\n" for key, value in options.items())
    return f'{keys}user = "nobody"\nlistener "in" {{ address = {{ "127.0.0.1:1110" }} upstream = "server" }}\n' \
           'upstream "server" { server = { "127.0.0.1:110" } }\n'


def test_what_descriptors_do_not_carry_is_said(folder):
    code, said = check(folder, configuration(folder, workers=2, max_sessions=5000000))
    assert code == 0 and re.search(r"proxy\.conf:2: max_sessions = 5000000: the \d+ descriptors.*carry \d+ sessions", said), said
    code, said = check(folder, configuration(folder, workers=2, max_sessions=100))
    assert code == 0 and "descriptors" not in said, said
