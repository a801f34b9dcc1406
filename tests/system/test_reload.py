"""HUP and TERM: new settings without losing a session or a connection; a broken file changes nothing."""
import os
import re
import signal
import ssl
import threading
import time

import pytest

import filters
import mail
import secrets_sent
from certificates import NAMES
from places import HOST, wait_until
from scripted import Maildrop
from wire import Wire, stuff

BOB = secrets_sent.account("reload-bob")
MAIL = [mail.message("one"), mail.message("two")]


def wait_for_new_workers(gate, old):
    wait_until(lambda: set(gate.workers()) - set(old), what="new workers")
    gate.wait_log("was read again: generation")


def test_session_lives_on_and_the_next_one_is_new(server, gate):
    one, two = server(Maildrop(MAIL[:1])), server(Maildrop(MAIL))
    running = gate(one.port)
    with Wire(running.port) as old:
        old.login(BOB)
        workers = running.workers()
        running.upstreams["server"]["server"] = [f"{HOST}:{two.port}"]
        running.write()
        running.reload()
        wait_for_new_workers(running, workers)
        with Wire(running.port) as new:
            new.login(BOB)
            assert new.ask(b"STAT").startswith(b"+OK 2 ")
        assert old.fetch(b"RETR 1") == MAIL[0]
        assert old.ask(b"QUIT").startswith(b"+OK")


def test_sessions_outlive_reloads_and_shutdown_timeout(server, gate, folder):
    """Each under the rules it began with, a message half of which has come, too; log files are opened again for all of them."""
    cheap = mail.message("Cheap pills", b"order your pills now\r\n")

    def slow(connection, argument):
        if argument != b"2":
            return b"+OK\r\n" + stuff(cheap)
        connection.send(b"+OK\r\nSubject: slow\r\n\r\n")
        for number in range(12):
            connection.send(b"line %d\r\n" % number, delay=0.25)
        return b".\r\n"

    drop = server(Maildrop([cheap, b""], script={"RETR": slow}))
    running = gate(drop.port, filters=filters.score(folder), shutdown_timeout="200ms")
    with Wire(running.port) as first, Wire(running.port) as second:
        workers = running.workers()
        assert b"BODY_PILLS" in first.login(BOB).fetch(b"RETR 1")
        second.login(BOB)
        second.send(b"RETR 2\r\n")
        for number in range(3):
            (folder / "rules.cf").write_text(f"header NEW_{number} Subject =~ /Cheap/\n")
            running.reload()
            running.wait_log(f"generation {number + 2}")
        running.log_file.rename(folder / "log.1")
        running.process.send_signal(signal.SIGUSR1)
        running.wait_log("log files were opened")
        assert second.line().startswith(b"+OK") and b"line 11\r\n" in second.listing()
        assert b"BODY_PILLS" in first.fetch(b"RETR 1")
        assert set(workers) & set(running.workers())
        for client in (first, second):
            assert client.ask(b"QUIT").startswith(b"+OK")
        running.wait_log("disconnected: quit(?s:.*)disconnected: quit")
        wait_until(lambda: not set(workers) & set(running.workers()), what="the old worker's end")
        assert re.search(rf"worker {workers[0]} has ended", running.log())


def test_term_closes_sessions_of_older_configurations_in_time(server, gate):
    drop = server(Maildrop(MAIL))
    running = gate(drop.port, shutdown_timeout="1s")
    with Wire(running.port) as old, Wire(running.port) as new:
        workers = running.workers()
        assert old.login(BOB).ask(b"DELE 1").startswith(b"+OK")
        running.reload()
        wait_for_new_workers(running, workers)
        new.login(BOB)
        start = time.monotonic()
        running.process.terminate()
        time.sleep(0.4)
        assert all(client.ask(b"NOOP").startswith(b"+OK") for client in (old, new))
        assert [client.rest()[1] for client in (old, new)] == ["fin", "fin"]
        assert running.process.wait(5) == 0
        assert 0.9 < time.monotonic() - start < 4
    assert drop.verbs().count("QUIT") == 0, "a delete that the client did not commit takes effect"


def test_drain_timeout_bounds_what_a_reload_leaves_behind(server, gate):
    """The value last read holds for all, and no QUIT is sent; a worker that does not listen is killed."""
    drop = server(Maildrop(MAIL))
    running = gate(drop.port, shutdown_timeout="60s")
    with Wire(running.port) as idle, Wire(running.port) as held:
        held.login(BOB)
        workers = running.workers()
        running.reload()
        wait_for_new_workers(running, workers)
        idle.greet()
        wait_until(lambda: len(running.workers()) == 2, what="both generations")
        running.options["drain_timeout"] = "1500ms"
        running.write()
        running.reload()
        running.wait_log("generation 3")
        assert held.ask(b"DELE 1").startswith(b"+OK")
        assert held.rest()[1] == "fin"
        running.wait_log("drain_timeout is over: [12] sessions are closed")
        running.wait_log(r"disconnected: replaced by a reload \(drain_timeout\)")
        wait_until(lambda: not set(workers) & set(running.workers()), what="the old worker's end")
    with Wire(running.port) as client:
        client.login(BOB)
        worker, = wait_until(lambda: [running.workers(), 0][len(running.workers()) != 1], what="one worker")
        os.kill(worker, signal.SIGSTOP)
        running.reload()
        running.wait_log(f"worker {worker} was killed by signal 9", seconds=15)
    assert drop.verbs().count("QUIT") == 0


def test_client_of_a_half_sent_message_sees_a_reset(server, gate):
    def half(connection, _):
        connection.send(b"+OK\r\nSubject: half\r\n\r\nbody\r\n")
        connection.drain(20)

    running = gate(server(Maildrop(MAIL, script={"RETR": half})).port, shutdown_timeout="300ms", drain_timeout="300ms")
    with Wire(running.port) as client:
        client.login(BOB).send(b"RETR 1\r\n")
        wait_until(lambda: client.more() or b"body" in client.buffer, what="half a message")
        running.reload()
        assert client.rest()[1] == "rst"


def test_renewed_certificate_is_for_new_sessions_and_a_broken_one_for_none(server, gate, authority, folder):
    first, second = (authority.issue(f"renewed-{number}", NAMES).read_bytes() for number in range(2))
    file = folder / "site.pem"
    file.touch(mode=0o600)
    file.write_bytes(first)
    running = gate(server(Maildrop(MAIL)).port, {"tls": "implicit", "certificate": [file]})
    context = ssl.create_default_context(cafile=authority.file)

    def shown(client):
        return client.socket.tls.getpeercert(True)

    with Wire(running.port, tls=context) as old:
        old.login(BOB)
        file.write_bytes(second)
        running.reload()
        running.wait_log("generation 2")
        with Wire(running.port, tls=context) as client:
            assert shown(client) != shown(old)
            renewed = shown(client.login(BOB))
        file.write_bytes(second[:-100])
        running.reload()
        assert running.wait_log(r"error: .*proxy.conf:\d+: .*site.pem: ") and running.wait_log("goes on as it was")
        with Wire(running.port, tls=context) as client:
            assert shown(client.login(BOB)) == renewed
        assert old.fetch(b"RETR 2") == MAIL[1]


@pytest.mark.parametrize("key,value", (("log", "/nowhere/popgate.log"), ("spool_dir", ""), ("workers", "many")))
def test_wrong_value_leaves_the_service_untouched(server, gate, key, value):
    running = gate(server(Maildrop(MAIL)).port)
    workers = running.workers()
    running.options[key] = value
    running.write()
    running.reload()
    assert running.wait_log(f"error: .*proxy.conf:.*{key}") and running.wait_log("goes on as it was")
    assert running.workers() == workers
    with Wire(running.port) as client:
        assert client.login(BOB).fetch(b"RETR 1") == MAIL[0]


def test_broken_file_leaves_the_service_untouched(server, gate):
    running = gate(server(Maildrop(MAIL)).port)
    with Wire(running.port) as client:
        client.login(BOB)
        good = running.file.read_text()
        running.file.write_text(good + "nonsense = 1\n")
        running.reload()
        wait_until(lambda: "proxy.conf:" in running.log() + running.stderr(), what="the mistake in the log")
        assert client.ask(b"NOOP").startswith(b"+OK")
        with Wire(running.port) as other:
            other.login(BOB)
    running.file.write_text(good)


def test_reloads_under_load_lose_no_connection(server, gate):
    running = gate(server(Maildrop(MAIL), backlog=256).port, workers=2, shutdown_timeout="10s")
    failures, done = [], threading.Event()

    def fetch():
        while not done.is_set():
            try:
                with Wire(running.port) as client:
                    assert client.login(BOB).fetch(b"RETR 2") == MAIL[1]
                    assert client.ask(b"QUIT").startswith(b"+OK")
            except (OSError, EOFError, AssertionError) as error:
                failures.append(repr(error))

    threads = [threading.Thread(target=fetch) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(4):
        running.reload()
        time.sleep(0.4)
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []


def test_term_lets_a_session_finish(server, gate):
    running = gate(server(Maildrop(MAIL)).port, shutdown_timeout="10s")
    with Wire(running.port) as client:
        client.login(BOB)
        running.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses(running.port), what="the listener is closed")
        assert client.fetch(b"RETR 1") == MAIL[0]
        assert client.ask(b"QUIT").startswith(b"+OK")
    assert running.process.wait(5) == 0


def refuses(port):
    try:
        Wire(port, timeout=1).socket.close()
        return False
    except OSError:
        return True


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT), ids=lambda number: number.name)
def test_signals_that_end_it(server, gate, number):
    running = gate(server(Maildrop(MAIL)).port, shutdown_timeout="500ms")
    with Wire(running.port) as client:
        client.login(BOB)
        start = time.monotonic()
        running.process.send_signal(number)
        assert running.process.wait(8) == 0
        assert time.monotonic() - start < 5
    assert " error: " not in running.log()  # nothing went wrong: it was told to


def test_worker_that_does_not_end_is_killed(server, gate):
    """And that is a fault."""
    running = gate(server(Maildrop(MAIL)).port, shutdown_timeout="100ms", workers=1)
    os.kill(running.workers()[0], signal.SIGSTOP)
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(15) == 0
    assert "error: worker" in running.log() and "has not ended in time, and is killed" in running.log()


def test_worker_that_crashes_is_replaced(server, gate):
    running = gate(server(Maildrop(MAIL)).port)
    worker, = [pid for pid in running.workers() if is_worker(pid)] or running.workers()[:1]
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: worker not in running.workers() and running.workers(), what="a new worker")
    with Wire(running.port) as client:
        client.login(BOB)


def is_worker(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return b"worker" in file.read()


def test_new_rules_after_a_reload(server, gate, folder):
    drop = server(Maildrop([mail.message("Cheap pills", b"order your pills now\r\n")], capa=[b"TOP", b"UIDL"]))
    running = gate(drop.port, filters=filters.score(folder))
    with Wire(running.port) as client:
        assert b"X-Spam-Flag: YES" in client.login(BOB).fetch(b"RETR 1")
    (folder / "rules.cf").write_text("header NEW Subject =~ /Cheap/\nscore NEW 1.0\n")
    workers = running.workers()
    running.reload()
    wait_for_new_workers(running, workers)
    with Wire(running.port) as client:
        text = client.login(BOB).fetch(b"RETR 1")
    assert b"tests=NEW " in text and b"X-Spam-Flag" not in text


@pytest.mark.parametrize("what", ("gone", "pipe", "loop"))
def test_rules_that_cannot_be_read_leave_the_service_untouched(server, gate, folder, what):
    score = filters.score(folder)
    running = gate(server(Maildrop(MAIL)).port, filters=score)
    rules, workers = score["score"]["rules"][0], wait_until(running.workers, what="a worker")
    rules.unlink()
    if what == "pipe":
        os.mkfifo(rules)
    elif what != "gone":
        rules.symlink_to(rules)
    running.reload()
    assert running.wait_log(r"error: .*proxy.conf:\d+: rules .*rules.cf: ") and running.wait_log("goes on as it was")
    assert running.workers() == workers
    with Wire(running.port) as client:
        assert b"X-Spam-Status" in client.login(BOB).fetch(b"RETR 1")


def test_a_mistake_in_a_scoring_rule_is_logged_and_the_others_work(server, gate, folder):
    drop = server(Maildrop([mail.message("Cheap pills", b"order your pills now\r\n")]))
    running = gate(drop.port, filters=filters.score(folder, filters.SPAM_RULES + "body BROKEN /(/\n"))
    line = filters.SPAM_RULES.count("\n") + 1
    running.wait_log(rf"rules\.cf:{line}: BROKEN: missing closing parenthesis")
    with Wire(running.port) as client:
        assert b"X-Spam-Flag: YES" in client.login(BOB).fetch(b"RETR 1")
    (folder / "rules.cf").write_text("nonsense\nheader NEW Subject =~ /Cheap/\n")
    workers = running.workers()
    running.reload()
    wait_for_new_workers(running, workers)
    running.wait_log(r"rules\.cf:1: unknown directive")
    with Wire(running.port) as client:
        assert b"tests=NEW " in client.login(BOB).fetch(b"RETR 1")
