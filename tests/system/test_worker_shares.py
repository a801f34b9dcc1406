"""
A worker does one thing at a time: what a message costs is cut, so that other sessions have their turn in between. How short
the turns are is for tests/unit/spamassassin/test_turns.c, which counts the processor's time.
"""
import threading
import time

import filters
import secrets_sent
from scripted import Maildrop
from wire import Wire

BOB = secrets_sent.account("shares-bob")
HEAD = b"From: ann@sender.example\r\nTo: bob@example.net\r\n"
SLOW = r"(?:(?:a+)+|b{%d})+$"  # takes what a pattern may
TAKES_LONG = b"a" * 3000 + b"!\r\n"
RULES = "".join(f"rawbody SLOW{n} /{SLOW % n}/\n" for n in range(2, 900)) + "body QUICK /./\n"


def waits_beside(running, number):
    """The longest that a NOOP of another session waited, one every 10 ms, while the message was retrieved; how long that took."""
    with Wire(running.port, timeout=60).login(BOB) as client, Wire(running.port, timeout=60).login(BOB) as other:
        begin, waits = time.monotonic(), []
        thread = threading.Thread(target=client.fetch, args=(b"RETR %d" % number,))
        thread.start()
        while thread.is_alive():
            before = time.monotonic()
            assert other.ask(b"NOOP").startswith(b"+OK")
            waits.append(time.monotonic() - before)
            time.sleep(0.01)
        thread.join()
        return max(waits), time.monotonic() - begin


def check(running):
    """The best of some attempts: others may be at work on this machine."""
    longest, took = min(waits_beside(running, 1) for _ in range(3))
    assert took > 0.25 and longest < took / 3, (longest, took)


def test_slow_spam_rules_keep_nobody_waiting(server, gate, folder):
    message = HEAD + b"\r\n" + TAKES_LONG
    check(gate(server(Maildrop([message])).port, filters=filters.score(folder, RULES), verdict_cache="0"))


def test_slow_header_rules_keep_nobody_waiting(server, gate, folder):
    message = HEAD + (b"X-Long: " + b"a" * 60 + b"!\r\n") * 600 + b"\r\nx\r\n"
    check(gate(server(Maildrop([message])).port, filters=filters.headers(folder, "/%s/ IGNORE\n" % (SLOW % 3))))


def test_many_that_take_long_have_their_turns(server, gate, folder):
    """They are looked at one after the other, and one whose client leaves in the middle is in nobody's way."""
    message = HEAD + b"\r\n" + TAKES_LONG
    running = gate(server(Maildrop([message])).port, filters=filters.score(folder, RULES), verdict_cache="0")
    clients = [Wire(running.port, timeout=60).login(BOB) for _ in range(5)]
    for client in clients:
        client.send(b"RETR 1\r\n")
    time.sleep(0.05)
    clients.pop(0).socket.close()
    for client in clients:
        with client:
            assert client.line() == b"+OK message follows\r\n"
            assert b" tests=QUICK" in client.listing()
