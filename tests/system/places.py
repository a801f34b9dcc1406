"""Where things are, and the small tools that every part of the harness needs."""
import contextlib
import json
import os
import pathlib
import pty
import pwd
import random
import socket
import subprocess
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build"
SHARED = ROOT.parent / "shared"
CORPUS = SHARED / "corpus/spamassassin-public-corpus-part.tar.xz"
POPGATE = ROOT / os.environ.get("POPGATE", "build/release/popgate")
ASAN = b"libasan" in subprocess.run(["ldd", POPGATE], capture_output=True, check=False).stdout
HOST = "127.0.0.1"
AS_ROOT = os.geteuid() == 0
UNPRIVILEGED = "nobody" if AS_ROOT else pwd.getpwuid(os.geteuid()).pw_name


def free_port():
    """
    A port to be bound later, by somebody else. It is below those that the kernel gives to connections, which could take it
    until then, and drawn by lot, so that test runs side by side do not meet.
    """
    while True:
        try:
            with socket.create_server((HOST, random.randrange(10000, 30000))) as probe:
                return probe.getsockname()[1]
        except OSError:
            pass


def wait_until(condition, seconds=10, what="condition"):
    """Polls until `condition()` is true and returns what it gave."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds} s")


def records(file, event=None):
    """
    Those of an audit log, or those of one event, each from a line that must be whole. Only what is behind the last newline may
    be half of one: whoever reads while the auditor writes sees a part of what it writes.
    """
    lines = file.read_bytes().decode("utf-8").split("\n")[:-1] if file.exists() else []
    return [record for record in map(json.loads, lines) if event in (None, record["event"])]


def listens(port):
    """Does somebody listen there? Seen from outside: a connection would be a session in the logs."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        return any(f":{port:04X} " in line and line.split()[3] == "0A" for line in table)


def descriptors(pid):
    """What a process has open: its number -> what it is. Only root may look into those of popgate."""
    folder, found = f"/proc/{pid}/fd", {}
    try:
        for number in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):  # closed in the meantime
                found[int(number)] = os.readlink(f"{folder}/{number}")
    except PermissionError as error:
        pytest.skip(f"not to be looked into: {error}")
    return found


def terminal():
    """A new pseudo-terminal's two ends."""
    try:
        return pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo-terminal to be had: {error}")


def run(*command, check=True, timeout=60, **options):
    """A program's CompletedProcess, its output as bytes; a failure shows what it said."""
    done = subprocess.run([str(word) for word in command], capture_output=True, timeout=timeout, **options)
    if check and done.returncode:
        raise AssertionError(f"{command}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done


def give_away(path):
    """Makes `path` and all below it the property of the user that servers and workers run as."""
    if AS_ROOT:
        run("chown", "-R", UNPRIVILEGED, path)


def short(value):
    """The name of a parameter in a test's name."""
    return ascii(value)[:30]
