"""What a worker can do that a stranger has taken over: it has the worker's user, its descriptors and its memory."""
import contextlib
import ctypes
import os
import pwd
import signal
import socket
import struct
import subprocess

import pytest

import filters
import mail
import secrets_sent
from places import AS_ROOT, UNPRIVILEGED, descriptors, records, wait_until
from scripted import Maildrop
from test_processes import called, refused, status  # noqa: F401 (a fixture)
from wire import Wire

BOB = secrets_sent.account("evil-bob")
MAIL = [mail.message("one")]
OTHER = "daemon"  # an account that every Debian has
PIDFD_GETFD = 438

pytestmark = pytest.mark.skipif(not AS_ROOT, reason="only root starts workers as another user, and gets at their descriptors")


@pytest.fixture
def audited(server, gate, folder):
    def start(**options):
        running = gate(server(Maildrop(MAIL)).port, filters=filters.audit(folder), **{"audit_user": OTHER, **options})
        running.audit = folder / "audit.jsonl"
        return running

    return start


def as_worker(*command):
    """Runs a program as the workers' user, with its group; returns the exit status."""
    user = pwd.getpwnam(UNPRIVILEGED)
    return subprocess.run(command, user=user.pw_uid, group=user.pw_gid, extra_groups=[], capture_output=True).returncode


def steal(pid, number):
    """A descriptor of another process, as its own program has it: the same open file."""
    with open(os.pidfd_open(pid), "rb", closefd=True) as process:
        got = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, process.fileno(), number, 0)
    assert got >= 0, os.strerror(ctypes.get_errno())
    return got


def sockets(pid):
    """All sockets of a process."""
    return [socket.socket(fileno=steal(pid, number)) for number, what in descriptors(pid).items() if what.startswith("socket:")]


def works(running):
    with Wire(running.port) as client:
        assert client.login(BOB).fetch(b"RETR 1") == MAIL[0]
        assert client.ask(b"QUIT").startswith(b"+OK")


def test_a_worker_cannot_signal_the_auditor(audited):
    running = audited()
    (auditor,), (worker,) = called(running, "auditor"), called(running, "worker")
    facts = status(auditor)
    assert set(facts["Uid"]) == {str(pwd.getpwnam(OTHER).pw_uid)} and facts["Groups"] == []
    assert facts["CapEff"] == ["0000000000000000"] and facts["NoNewPrivs"] == ["1"]
    for number in ("STOP", "KILL", "0"):
        assert as_worker("/bin/kill", "-" + number, str(auditor)) != 0
    assert as_worker("/bin/kill", "-0", str(worker)) == 0, "this test would see nothing"
    works(running)
    wait_until(lambda: records(running.audit, "disconnect"), what="the record of the session's end")


def test_an_auditor_that_was_stopped_is_noticed_and_goes_on(audited):
    running = audited()
    auditor, = called(running, "auditor")
    os.kill(auditor, signal.SIGSTOP)
    running.wait_log(f"error: auditor {auditor} was stopped by a signal, and made to go on")
    wait_until(lambda: status(auditor)["State"][0] != "T", what="the auditor goes on")
    works(running)
    wait_until(lambda: records(running.audit, "disconnect"), what="the record of the session's end")


def test_a_worker_that_was_stopped_is_noticed(audited):
    running = audited(workers=2)
    stopped = called(running, "worker")[0]
    os.kill(stopped, signal.SIGSTOP)
    running.wait_log(f"error: worker {stopped} was stopped by a signal, and does nothing until it gets SIGCONT")
    os.kill(stopped, signal.SIGCONT)


def test_no_child_can_harm_what_stands_in_the_log(audited):
    running = audited(workers=2)
    works(running)
    running.wait_log("disconnected: quit")
    for pid in running.workers():
        assert str(running.log_file) not in descriptors(pid).values()
    assert str(running.audit) in descriptors(called(running, "auditor")[0]).values(), "this test would see nothing"


def test_what_a_worker_writes_into_the_log_is_a_line_of_its_own(audited):
    running = audited(workers=2)
    works(running)
    evil, good = called(running, "worker")
    before = running.log()
    line = b"2026-11-20T17:42:36.123456Z popgate[%d] error: forged\n"
    for way in lines(evil):
        way.send(line % evil)
        way.send(line % good)
        way.close()
    running.wait_log(f"error: process {evil} sent what is no log line")
    assert running.log().startswith(before)
    assert [each.split("[")[1].split("]")[0] for each in running.log().splitlines() if each.endswith("forged")] == [str(evil)]
    works(running)


def lines(pid):
    """A worker's sockets of packets: those to the master and to the auditor, and for the log."""
    return [each for each in sockets(pid) if each.type == socket.SOCK_SEQPACKET]


def test_what_a_worker_does_to_its_line_is_no_harm_to_the_others(audited):
    running = audited(workers=2)
    evil, good = called(running, "worker")
    for line in lines(evil):
        line.shutdown(socket.SHUT_RDWR)
        line.close()
    while not any(record["worker"] == good for record in records(running.audit, "disconnect")):
        works(running)
    assert called(running, "auditor") and good in called(running, "worker")
    wait_until(lambda: len(set(called(running, "worker")) - {evil}) == 2, what="the evil worker ends and is replaced")


def test_what_a_worker_writes_is_a_record_of_its_own_or_nothing(audited):
    running = audited(workers=1)
    works(running)
    wait_until(lambda: records(running.audit, "disconnect"), what="the session's records")
    evil, = called(running, "worker")
    before = running.audit.read_bytes()
    time = b'{"time":"2026-11-20T12:00:00.000000Z","event":'
    forged = [b"free text\n", b"{}\n", time + b'"login","worker":1}\n', time + b'"login"}\n' + time + b'"login"}\n',
              time + b'"login","user":"\x1b[2J"}\n']
    good = time + b'"forged"}\n'
    for line in lines(evil):
        with contextlib.suppress(BrokenPipeError):  # the master hangs up on a worker that talks nonsense
            for text in (*forged, good):
                line.send(struct.pack(">HI", 0, len(text)) + text)
        line.close()
    wait_until(lambda: records(running.audit, "forged"), what="the record that is well-formed")
    written = running.audit.read_bytes()
    assert written.startswith(before) and written[len(before):] == good[:-2] + b',"worker":%d}\n' % evil
    running.wait_log(f"error: worker {evil} sent the auditor a malformed record")
    works(running)


def test_an_auditor_that_says_what_it_may_not_is_replaced(audited):
    """A worker that was taken over can send it anything; if that takes it over too, the master reads its frames and no more."""
    running = audited(workers=1)
    works(running)
    evil, = called(running, "auditor")
    for way in lines(evil):
        with contextlib.suppress(OSError):  # the master has hung up already
            way.send(struct.pack(">III", 1, 0, 0) + b"what is no answer")
        way.close()
    running.wait_log(f"error: auditor {evil} said what it may not")
    running.wait_log(f"error: auditor {evil} was killed by signal 9")
    wait_until(lambda: set(called(running, "auditor")) - {evil}, what="another auditor")
    works(running)
    wait_until(lambda: len(records(running.audit, "disconnect")) == 2, what="the records of both sessions")


def shut(listening):
    listening.shutdown(socket.SHUT_RDWR)


def drop_all(listening):
    """One instruction of a packet filter: return 0, which is to drop it; and then another cannot take it off."""
    program = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
    listening.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HxxxxxxP", 1, ctypes.addressof(program)))
    listening.setsockopt(socket.SOL_SOCKET, 44, 1)


@pytest.mark.parametrize("harm", (shut, drop_all))
def test_a_socket_that_a_worker_made_deaf_is_made_again_by_a_reload(audited, harm):
    running = audited(workers=2)
    evil = called(running, "worker")[0]
    listening, = [each for each in sockets(evil) if each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)]
    harm(listening)
    with pytest.raises(OSError):
        Wire(running.port, timeout=0.5)
    running.reload()
    running.wait_log(f"error: listener in: the socket of 127.0.0.1:{running.port} no longer listened to all: it is made again")
    running.wait_log("generation 2")
    works(running)
    listening.close()


def test_users_of_the_auditor(audited, refused):  # noqa: F811
    assert 'audit_user "no-such-user" is not known' in refused(audit_user="no-such-user")
    assert 'audit_user "root" is root' in refused(audit_user="root")
    running = audited(audit_user=UNPRIVILEGED)
    running.wait_log("warning: the auditor runs as the workers' user")
    works(running)
