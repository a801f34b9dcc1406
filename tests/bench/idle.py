"""What idle sessions hold, whether a proxy gives it back, and what a new session costs beside them."""
import contextlib
import json
import subprocess
import threading
import time

import machine
from machine import LOAD_CORE
from proxy import LOAD_SECONDS, LoadFailed, Proxy
from work import AT_A_TIME, Row, session_work

COUNTS = (1000, 10000)
KEEPS_STILL = 0.5   # seconds, before memory is read
LOG_IN = 256        # sessions at a time

WARM_UP = "-c 16 -n 64 -m 2 -k 2"
NEW = session_work("TLS, full handshake", "tls").scaled(1 / 2)

EACH = {count: Row(f"memory of an idle TLS session, {count:,} held", "KB", None, 1) for count in COUNTS}
WHOLE = {count: Row(f"memory of the proxy, {count:,} idle TLS sessions held", "MB", None, 1) for count in COUNTS}
KEPT = {count: Row(f"memory that stays when {count:,} sessions have left, part of theirs", "%", None, 0) for count in COUNTS}
BESIDE = Row("a new session beside 10,000, times one alone", "", None, 2)
BOTH = Row(f"memory of an idle session, TLS on both sides, {COUNTS[0]:,} held", "KB", None, 1)
ROWS = (*EACH.values(), *WHOLE.values(), *KEPT.values(), BESIDE, BOTH)


class Held:
    """Sessions that are logged in and idle, until release()."""

    def __init__(self, proxy, count, mode="tls"):
        command = proxy.load_command(mode, f"-i -n {count} -c {LOG_IN}")
        self.process = machine.start(LOAD_CORE, *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        limit = threading.Timer(LOAD_SECONDS, self.process.kill)
        limit.start()
        line = self.process.stdout.readline()
        limit.cancel()
        if not line or json.loads(line)["held"] != count:
            raise LoadFailed(self.release() or f"{count} sessions are not held")

    def release(self):
        """Lets them log out; returns what went wrong, if anything did."""
        try:
            return self.process.communicate(timeout=LOAD_SECONDS)[1].strip()
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "sessions do not end"


def new_session_seconds(proxy):
    run = NEW.run(proxy)
    return run.seconds / run.units


def still(proxy):
    time.sleep(KEEPS_STILL)
    return proxy.memory()


def hold(proxy, counts):
    """Yields the count and the memory with so many sessions held, one after the other; they leave when the caller has done."""
    with contextlib.ExitStack() as stack:
        held = 0
        for count in counts:
            stack.callback(Held(proxy, count - held).release)
            held = count
            yield count, still(proxy)


def measure(column, place, counts, note):
    """One proxy, started for this. `note` is told rows and numbers; `counts` are those that fit here, and what they stand for."""
    proxy = Proxy(column, place)
    try:
        proxy.load("tls", WARM_UP)
        alone = new_session_seconds(proxy)
        before = most = still(proxy)
        for count, most in hold(proxy, counts):
            note(EACH[counts[count]], (most - before) / count / 1024)
            note(WHOLE[counts[count]], most / 1e6)
            if counts[count] == max(COUNTS):
                note(BESIDE, new_session_seconds(proxy) / alone)
        note(KEPT[max(counts.values())], 100 * max(0, still(proxy) - before) / (most - before))
    finally:
        proxy.stop()


def measure_both(column, place, note):
    """The same where the server has TLS as well, as far as memory is concerned."""
    proxy, count = Proxy(column, place), min(COUNTS[0], place.sessions - 2 * AT_A_TIME)
    try:
        proxy.load("tls_tls", WARM_UP)
        before = still(proxy)
        held = Held(proxy, count, "tls_tls")
        note(BOTH, (still(proxy) - before) / count / 1024)
        held.release()
    finally:
        proxy.stop()


def fitting(column, place, wanted):
    """The counts that the limit on open files and the column allow, each with the one it stands for."""
    return {min(count, place.sessions - 2 * AT_A_TIME): count for count in wanted if count <= column.idle}
