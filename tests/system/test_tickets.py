"""The secret behind session tickets as time passes: all processes change it together, and each forgets the one before."""
import os
import re
import ssl
import time

import pytest

import filters
from clients import Place
from places import AS_ROOT, HOST, run
from scripted import Maildrop
from wire import Wire

PERIOD = 2 * 3600  # seconds


@pytest.fixture
def context(authority):
    return Place(0, ca=authority.file).context()


def test_tickets_are_taken_by_all_workers_as_the_secret_changes(server, gate, certificate, context, hurry):
    hurry(PERIOD // 2)
    running = gate(server(Maildrop()).port, {"tls": "implicit", "certificate": [certificate], "login_timeout": "1h"},
                   {"connect_timeout": "1h"}, workers=3)
    first = session = None
    start = time.monotonic()
    while time.monotonic() < start + 5:
        with Wire(running.port) as client:
            client.handshake(context, session=session)
            assert client.socket.tls.session_reused == (session is not None)
            client.greet()
            session = client.socket.tls.session
        first = first or session
    with Wire(running.port) as client:
        client.handshake(context, session=first)
        assert not client.socket.tls.session_reused
    assert session.id != first.id


def ticket_of(port):
    """The name of the key in a ticket, and the 16 octets behind it."""
    said = run("openssl", "s_client", "-tls1_2", "-connect", f"{HOST}:{port}", input=b"QUIT\n", check=False).stdout.decode()
    lines = re.findall(r"^ *00[01]0 - ((?:[0-9a-f]{2}[ -]){16})", said.partition("TLS session ticket:")[2], re.M)
    return [bytes.fromhex(line.replace("-", " ")) for line in lines]


def keys_in_memory(pid, name, behind):
    """How often the key of this name is there, leaving out tickets."""
    found = 0
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if rights.startswith("rw"):
                begin, end = (int(number, 16) for number in span.split("-"))
                memory.seek(begin)
                data = memory.read(end - begin)
                found += data.count(name) - data.count(name + behind)
    return found


@pytest.mark.skipif(not AS_ROOT, reason="only root may read the memory of popgate's processes")
def test_processes_that_nobody_asks_forget_a_key_when_it_is_over(server, gate, certificate, hurry, folder):
    """Master, workers, and the auditor, which never has one."""
    hurry(PERIOD // 3)
    running = gate(server(Maildrop()).port, {"tls": "implicit", "certificate": [certificate], "login_timeout": "1h"}, workers=3,
                   filters=filters.audit(folder))
    name, behind = ticket_of(running.port)
    processes = [running.process.pid, *running.workers()]
    with_key = [pid for pid in processes if keys_in_memory(pid, name, behind) > 0]
    assert len(processes) == 5 and len(with_key) == 4
    time.sleep(6.5)
    assert processes == [running.process.pid, *running.workers()]
    assert [pid for pid in processes if keys_in_memory(pid, name, behind) > 0] == []
