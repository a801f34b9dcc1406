"""What the parts of the bench share: processes that keep to one core, and what they cost."""
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

PROXY_CORE, LOAD_CORE = 0, min(1, os.cpu_count() - 1)


def free_port():
    """A port below those that the kernel gives to connections: none of them takes it before the proxy does."""
    while True:
        try:
            with socket.create_server(("127.0.0.1", random.randrange(10000, 30000))) as probe:
                return probe.getsockname()[1]
        except OSError:
            pass


def start(core, *command, **options):
    """A process, and all that it starts, on one core."""
    return subprocess.Popen(["taskset", "-c", str(core), *map(str, command)], process_group=0, text=True,
                            stdin=subprocess.DEVNULL, **options)


def stop(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until_it_listens(process, port, seconds=5):
    """Does it, within this time?"""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.05)
    return False


def tree(pid):
    """A process and all below it."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid] + [below for child in children for below in tree(int(child))]


def processor_seconds_of(pid):
    """What one process has used, in the nanoseconds that the scheduler counts."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


def processor_seconds(pid):
    """The same of a process and all below it."""
    return sum(processor_seconds_of(process) for process in tree(pid))


def version(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).splitlines()[0]
