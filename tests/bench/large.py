"""What a proxy holds more while one message of 1 GB passes."""
import subprocess
import time

import machine
from machine import LOAD_CORE
from proxy import LOAD_SECONDS, LoadFailed, Proxy
from work import Row

PAUSE = 0.02  # seconds between samples
MORE = Row("memory while a message of 1 GB passes, more than before", "MB", None, 2)
ROWS = (MORE,)


def most_memory(proxy, load):
    """The most that was seen while the load runs."""
    deadline, most = time.monotonic() + LOAD_SECONDS, 0
    while load.poll() is None:
        most = max(most, proxy.memory())
        if time.monotonic() > deadline:
            load.kill()
        time.sleep(PAUSE)
    return most


def measure(column, place, note):
    """One proxy, started for this, which has carried a small message before."""
    proxy = Proxy(column, place)
    try:
        proxy.load("tls", "-c 1 -n 1 -m 1")
        before = proxy.memory()
        command = proxy.load_command("tls", "-c 1 -n 1 -m 4")
        load = machine.start(LOAD_CORE, *command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        most = most_memory(proxy, load)
        if load.wait():
            raise LoadFailed(load.stderr.read().strip())
        note(MORE, max(0, most - before) / 1e6)
    finally:
        proxy.stop()
