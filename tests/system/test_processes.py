"""The master and its children: who they are, what becomes of the others when one dies, and the files and sockets they share."""
import os
import pathlib
import pwd
import re
import signal
import socket
import subprocess
import time

import pytest

import mail
import secrets_sent
from places import AS_ROOT, HOST, POPGATE, UNPRIVILEGED, descriptors, free_port, listens, records, wait_until
from scripted import Maildrop
from wire import Wire

BOB = secrets_sent.account("processes-bob")
MAIL = [mail.message("one"), mail.message("two")]


@pytest.fixture
def audited(server, gate, folder):
    """popgate with an audit log."""
    def start(**options):
        filters = {"audit": {"module": "audit-log", "path": folder / "audit.jsonl"}}
        running = gate(server(Maildrop(MAIL)).port, filters=filters, **options)
        running.audit = folder / "audit.jsonl"
        return running

    return start


def called(gate, name):
    """The children whose process name ends so."""
    return [pid for pid in gate.workers() if text_of(pid, "comm").strip().endswith(name)]


def text_of(pid, name):
    """A file of /proc; "" if the process has gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""


def status(pid):
    """/proc/PID/status as a dictionary of lists of words."""
    return {key: words.split() for key, _, words in (line.partition(":") for line in text_of(pid, "status").splitlines())}


def ended(pid):
    return status(pid).get("State", ["Z"])[0] == "Z"


def fetch(gate):
    with Wire(gate.port) as client:
        assert client.login(BOB).fetch(b"RETR 2") == MAIL[1]
        assert client.ask(b"QUIT").startswith(b"+OK")


def events(file, event):
    return len(records(file, event))


def sessions(file):
    """How many sessions with a login have ended."""
    return sum("user" in record for record in records(file, "disconnect"))


def test_children_keep_no_privileges(audited):
    running = audited(workers=2)
    wait_until(lambda: len(running.workers()) == 3, what="all children")
    children = running.workers()
    assert len(called(running, "worker")) == 2 and len(called(running, "auditor")) == 1
    for pid in children:
        facts = status(pid)
        assert facts["NoNewPrivs"] == ["1"]
        assert re.search(r"^Max core file size +0 +0 ", text_of(pid, "limits"), re.M)
        if AS_ROOT:
            user = pwd.getpwnam(UNPRIVILEGED)
            assert set(facts["Uid"]) == {str(user.pw_uid)} and set(facts["Gid"]) == {str(user.pw_gid)}
            assert facts["Groups"] == [] and facts["CapEff"] == ["0000000000000000"]
            assert os.stat(f"/proc/{pid}/fd").st_uid == 0, "another process of the user can look into this one"


def test_children_keep_open_what_is_theirs(audited):
    """Each has its channel and its way to the log; a worker its line to the auditor and what it listens on, the auditor all
    lines and the files. What belongs to the master or to another child would keep that from seeing its end."""
    running = audited(workers=3)

    def kinds(pid):
        names = [what for number, what in descriptors(pid).items() if number > 2]
        return sorted("socket" if what.startswith("socket:") else what for what in names)

    wait_until(lambda: len(running.workers()) == 4, what="all children")
    auditor, = called(running, "auditor")
    wait_until(lambda: kinds(auditor) == sorted([str(running.audit)] + ["socket"] * 5), what=f"an auditor with its own: {kinds(auditor)}")
    for pid in called(running, "worker"):
        found = kinds(pid)
        assert found.count("socket") == 4, found
        assert re.fullmatch(r"anon_inode:\[eventpoll\]( pipe:\[\d+\])?", " ".join(sorted(set(found) - {"socket"}))), "but for libevent's own"


def test_first_line_says_what_is_served(audited):
    running = audited()
    first = wait_until(lambda: running.log().splitlines(), what="a line")[0]
    assert first.endswith(f"with {running.file} serves in on {HOST}:{running.port}"), first


def test_dead_worker_takes_only_its_own_sessions(audited):
    running = audited(workers=2)
    clients = {}
    while len(clients) < 2:
        client = Wire(running.port)
        client.login(BOB)
        clients[owner(running, client)] = client
    (killed, lost), (_, kept) = clients.items()
    os.kill(killed, signal.SIGKILL)
    assert lost.rest()[1] in ("fin", "rst")
    running.wait_log(rf"error: worker {killed} was killed by signal 9 \(Killed\)")
    wait_until(lambda: len(called(running, "worker")) == 2, what="a new worker")
    assert kept.fetch(b"RETR 1") == MAIL[0]
    fetch(running)


def test_dead_worker_leaves_its_records(audited):
    """Those of its last moment, too, which the auditor did not have yet."""
    running = audited()
    with Wire(running.port) as client:
        client.login(BOB).fetch(b"RETR 2")
        worker, = called(running, "worker")
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: events(running.audit, "message"), what="the record of the message")
    assert [record["event"] for record in records(running.audit)] == ["connect", "login", "message"]


def owner(gate, client):
    """The worker that has this client's connection."""
    port = client.socket.getsockname()[1]
    lines = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inode, = [line[9] for line in lines if line[2].endswith(f":{port:04X}") and line[1].endswith(f":{gate.port:04X}")]
    for pid in called(gate, "worker"):
        if f"socket:[{inode}]" in descriptors(pid).values():
            return pid
    raise AssertionError("no worker has it")


def test_worker_that_keeps_dying_at_its_start_is_started_less_and_less_often(audited):
    """While another serves: the first one's death is the first of either."""
    running = audited(workers=2)
    kept, pid = called(running, "worker")
    for delay in (1, 2, 4):
        os.kill(pid, signal.SIGKILL)
        running.wait_log(rf"{pid} was killed(?s:.*)the worker is started again in {delay}000 ms")
        pid, = wait_until(lambda: set(called(running, "worker")) - {kept, pid}, what="a new worker")
    fetch(running)


@pytest.mark.parametrize("workers", (1, 2))
def test_workers_that_keep_dying_never_leave_all_waiting(audited, workers):
    running = audited(workers=workers)
    for _ in range(5):
        old = called(running, "worker")
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: set(called(running, "worker")) - set(old), seconds=1, what="a new worker")
    fetch(running)


def test_auditor_that_keeps_dying_does_not_keep_records_waiting(audited):
    running = audited()
    for number in range(1, 5):
        os.kill(wait_until(lambda: called(running, "auditor"), what="an auditor")[0], signal.SIGKILL)
        fetch(running)
        wait_until(lambda: sessions(running.audit) == number, seconds=1, what="the record of the session's end")


def test_worker_that_dies_after_some_seconds_is_replaced_at_once(audited):
    running = audited(workers=2)
    time.sleep(5.2)
    kept, pid = called(running, "worker")
    os.kill(pid, signal.SIGKILL)
    running.wait_log(rf"{pid} was killed(?s:.*)the worker is started again in 0 ms")
    wait_until(lambda: set(called(running, "worker")) - {kept, pid}, seconds=1, what="a new worker")


def test_dead_auditor_loses_no_record_that_waits(audited):
    running = audited()
    fetch(running)
    wait_until(lambda: sessions(running.audit) == 1, what="the first session's end")
    auditor, = called(running, "auditor")
    os.kill(auditor, signal.SIGSTOP)
    for _ in range(20):
        fetch(running)
    os.kill(auditor, signal.SIGKILL)
    fetch(running)
    running.wait_log(rf"error: auditor {auditor} was killed by signal 9")
    wait_until(lambda: sessions(running.audit) == 22, what="all sessions' ends")
    assert events(running.audit, "connect") == events(running.audit, "disconnect")


def test_records_of_the_last_moment_are_written(audited):
    """Those of sessions that a shutdown ends, too: the auditor is the last to go."""
    running = audited(workers=2, shutdown_timeout="300ms")
    clients = [Wire(running.port).login(BOB) for _ in range(10)]
    running.stop()
    assert {client.rest()[1] for client in clients} <= {"fin", "rst"}
    assert events(running.audit, "connect") == events(running.audit, "disconnect") >= 10


def test_dead_master_lets_sessions_finish_and_frees_the_address(audited):
    running = audited(workers=2, shutdown_timeout="20s")
    with Wire(running.port) as client:
        client.login(BOB)
        children = running.workers()
        running.process.kill()
        running.process.wait()
        wait_until(lambda: not listens(running.port), what="the listeners are closed")
        running.start()
        fetch(running)
        assert client.fetch(b"RETR 1") == MAIL[0]
        assert client.ask(b"QUIT").startswith(b"+OK")
    wait_until(lambda: all(map(ended, children)), what="the old children end")
    wait_until(lambda: events(running.audit, "disconnect") == events(running.audit, "connect"), what="all records")


def test_signals_to_the_whole_group_are_the_masters_business(audited):
    """As a terminal's ^C and systemd's KillMode=control-group send them."""
    running = audited(shutdown_timeout="10s")
    with Wire(running.port) as client:
        client.login(BOB)
        os.killpg(running.process.pid, signal.SIGINT)
        os.killpg(running.process.pid, signal.SIGTERM)
        running.wait_log("stopping")
        wait_until(lambda: not listens(running.port), what="the listeners are closed")
        assert client.fetch(b"RETR 1") == MAIL[0]
        assert client.ask(b"QUIT").startswith(b"+OK")
    assert running.process.wait(5) == 0
    assert events(running.audit, "disconnect") == events(running.audit, "connect")


def test_quit_ends_a_drain(audited):
    running = audited(shutdown_timeout="60s")
    with Wire(running.port) as client:
        client.login(BOB)
        running.process.terminate()
        running.wait_log("draining 1 sessions")
        running.process.send_signal(signal.SIGQUIT)
        assert running.process.wait(5) == 0
        assert client.rest()[1] in ("fin", "rst")


def test_files_are_opened_again_on_usr1(audited):
    running = audited(workers=2)
    fetch(running)
    wait_until(lambda: sessions(running.audit) == 1, what="the session's end")
    moved = [(file, file.with_name(file.name + ".1")) for file in (running.log_file, running.audit)]
    for file, old in moved:
        file.rename(old)
    running.process.send_signal(signal.SIGUSR1)
    running.wait_log("log files were opened again")
    sizes = [old.stat().st_size for _, old in moved]
    for _ in range(10):
        fetch(running)
    wait_until(lambda: sessions(running.audit) == 10, what="the sessions' ends")
    assert running.log().count("disconnected") >= 10
    assert [old.stat().st_size for _, old in moved] == sizes
    assert all(file.stat().st_mode & 0o7037 == 0 for file, _ in moved)


def test_a_rotated_audit_log_is_left_when_the_log_says_so(audited):
    """Whoever compresses the old file waits for that line: the auditor has told the master that it writes to the new one."""
    running = audited()
    told = "the audit log .*audit.jsonl was opened again, and the auditor writes to it"
    fetch(running)
    wait_until(lambda: sessions(running.audit) == 1, what="the session's end")
    assert not re.search(told, running.log())
    old = running.audit.with_name("audit.jsonl.1")
    running.audit.rename(old)
    size = old.stat().st_size
    running.process.send_signal(signal.SIGUSR1)
    running.wait_log(told)
    fetch(running)
    wait_until(lambda: sessions(running.audit) == 1, what="a record in the new file")
    assert old.stat().st_size == size


def test_an_auditor_that_died_is_asked_again(audited):
    running = audited()
    running.audit.rename(running.audit.with_name("audit.jsonl.1"))
    (auditor,) = called(running, "auditor")
    os.kill(auditor, signal.SIGKILL)
    running.process.send_signal(signal.SIGUSR1)
    running.wait_log("the audit log .*audit.jsonl was opened again, and the auditor writes to it")
    assert called(running, "auditor") != [auditor]


def test_reload_changes_the_log(audited, folder):
    running = audited(workers=2)
    old, new = running.log_file, folder / "new.log"
    running.options["log"] = running.log_file = new
    running.write()
    running.reload()
    running.wait_log("was read again: generation 2")
    wait_until(lambda: "has ended" in new.read_text(), what="the master's lines in the new log")
    size = old.stat().st_size
    fetch(running)
    running.wait_log("disconnected")
    assert old.stat().st_size == size


def test_reload_makes_the_log_a_file_for_all(audited, folder):
    """For the auditor, too, and for a worker that drains."""
    running = audited(log="stderr")
    with Wire(running.port) as client:
        client.login(BOB)
        running.options["log"] = running.log_file = folder / "new.log"
        running.write()
        running.reload()
        running.wait_log("was read again: generation 2")
        assert client.ask(b"QUIT").startswith(b"+OK")
    running.wait_log("disconnected: quit")
    assert "disconnected" not in running.stderr()


def test_reload_changes_the_addresses(audited):
    running = audited(workers=2)
    kept, gone, new = running.port, free_port(), free_port()
    for ports, closed in (((kept, gone), new), ((kept, new), gone), ((new,), kept)):
        running.listeners["in"]["address"] = [f"{HOST}:{port}" for port in ports]
        running.write()
        running.reload()
        wait_until(lambda: all(map(listens, ports)) and not listens(closed), what=f"{ports} listen, {closed} does not")


def test_reload_with_an_address_in_use_changes_nothing(audited):
    running = audited()
    workers = running.workers()
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        running.listeners["in"]["address"].append(f"{HOST}:{port}")
        running.write()
        running.reload()
        running.wait_log(rf'proxy.conf:\d+: listener "in": cannot listen on {HOST}:{port}: Address already in use')
        running.wait_log("the service goes on as it was")
    assert running.workers() == workers
    fetch(running)
    running.reload()
    wait_until(lambda: listens(port), what="the address listens")


def test_many_reloads_leave_nothing_behind(audited):
    running = audited(workers=2)

    def reload():
        before = set(called(running, "worker"))
        running.reload()
        wait_until(lambda: len(running.workers()) == 3 and not before & set(running.workers()), what="new workers only")

    def counts():
        return [len(descriptors(pid)) for pid in (running.process.pid, called(running, "auditor")[0], called(running, "worker")[0])]

    reload()
    before = counts()
    for _ in range(8):
        reload()
    assert counts() == before
    fetch(running)
    wait_until(lambda: sessions(running.audit) == 1, what="the record of the session's end")


def test_audit_log_added_and_taken_away(server, gate, folder):
    running = gate(server(Maildrop(MAIL)).port)
    assert called(running, "auditor") == []
    one, two = folder / "one.jsonl", folder / "two.jsonl"
    for files in ([one], [one, two], [two]):
        running.filters = {file.stem: {"module": "audit-log", "path": file} for file in files}
        running.listeners["in"]["filters"] = list(running.filters)
        running.write()
        old = called(running, "worker")
        running.reload()
        wait_until(lambda: not set(old) & set(called(running, "worker")), what="new workers only")
        before = [sessions(file) for file in (one, two)]
        fetch(running)
        wanted = [count + (file in files) for count, file in zip(before, (one, two))]
        wait_until(lambda: [sessions(file) for file in (one, two)] == wanted, what=f"a record in {files}")


@pytest.fixture
def refused(binary, new_folder, server):
    """Starts popgate with some keys that it cannot start with; returns what it said."""
    def start(listener=None, **options):
        from popgate import Gate
        port = server(Maildrop(MAIL)).port
        gate = Gate(new_folder("refused"), {"in": {"tls": "none", "upstream": "server", "filters": [], **(listener or {})}},
                    {"server": {"server": [f"{HOST}:{port}"]}}, **options)
        done = subprocess.run([POPGATE, "-c", gate.file], capture_output=True, timeout=15)
        assert done.returncode == 1
        return done.stderr.decode()

    return start


def test_start_with_an_address_in_use(refused):
    with socket.create_server((HOST, 0)) as taken:
        address = "%s:%d" % taken.getsockname()
        said = refused(listener={"address": [address]})
    assert f'listener "in": cannot listen on {address}: Address already in use' in said
    assert "proxy.conf:" in said


def test_start_with_a_log_that_cannot_be_opened(refused, folder):
    link = folder / "link"
    link.symlink_to("/dev/null")
    assert "this is a link: name the file itself" in refused(log=link)
    (folder / "open").mkdir()
    (folder / "open").chmod(0o777)
    assert "anybody may replace it" in refused(log=folder / "open" / "log")


@pytest.mark.skipif(not AS_ROOT, reason="only root changes to another user")
def test_start_as_root_with_a_user_who_cannot_be(refused):
    assert "root" in refused(user="root")
    assert "no-such-user" in refused(user="no-such-user")


def test_systemd_is_told(server, gate, folder, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(folder / "notify"))
        systemd.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(folder / "notify"))
        running = gate(server(Maildrop(MAIL)).port)
        assert systemd.recv(200) == b"READY=1"
        running.reload()
        assert systemd.recv(200).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        assert systemd.recv(200) == b"READY=1"
        running.stop()
        assert systemd.recv(200) == b"STOPPING=1"
