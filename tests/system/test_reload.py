"""HUP and TERM: new settings without losing a session or a connection; a broken file changes nothing."""
import os
import signal
import threading
import time

import pytest

import filters
import mail
import secrets_sent
from places import HOST, wait_until
from scripted import Maildrop
from wire import Wire

BOB = secrets_sent.account("reload-bob")
MAIL = [mail.message("one"), mail.message("two")]


def wait_for_new_workers(gate, old):
    wait_until(lambda: set(gate.workers()) - set(old), what="new workers")


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
