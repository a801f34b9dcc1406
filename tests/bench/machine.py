"""What the parts of the bench share: processes that keep to one core, what they cost and what they hold."""
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import time

PROXY_CORE, LOAD_CORE = 0, min(1, os.cpu_count() - 1)
FILES_WANTED = 65536
TICK = 1 / os.sysconf("SC_CLK_TCK")


def allow_many_files():
    """Raises the limit on open files for all that is started from here, as far as this is allowed. Returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (FILES_WANTED, hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, max(limit, hard)))
            return limit
        except ValueError:
            pass
    return hard


def free_port():
    """A port below those that the kernel gives to connections: none of them takes it before the proxy does."""
    while True:
        try:
            with socket.create_server(("127.0.0.1", random.randrange(10000, 30000))) as probe:
                return probe.getsockname()[1]
        except OSError:
            pass


def start(core, *command, stdin=subprocess.DEVNULL, **options):
    """A process, and all that it starts, on one core."""
    return subprocess.Popen(["taskset", "-c", str(core), *map(str, command)], process_group=0, text=True, stdin=stdin, **options)


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


def read(path):
    """The text of a file of /proc; nothing of a process that has ended meanwhile."""
    try:
        return pathlib.Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def tasks(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except FileNotFoundError:
        return []


def tree(pid):
    """A process and all below it."""
    children = [child for task in tasks(pid) for child in read(f"/proc/{pid}/task/{task}/children").split()]
    return [pid] + [below for child in children for below in tree(int(child))]


def pin(pid, core):
    """Moves a process and all below it to a core, threads too: hitch's worker chooses its own when it starts."""
    for process in tree(pid):
        for task in tasks(process):
            try:
                os.sched_setaffinity(int(task), {core})
            except ProcessLookupError:
                pass


def processor_seconds_of(pid):
    """What a process has used, in the nanoseconds that the scheduler counts, with threads that have ended."""
    try:
        return time.clock_gettime_ns((~pid << 3) | 2) / 1e9
    except OSError:
        return 0


def processor_seconds_of_ended_children(pid):
    """What those took that a process has waited for; in the kernel's ticks of 10 ms, but of their sum."""
    fields = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) * TICK if fields else 0


def processor_seconds(pid):
    """The same of a process and all below it, with those that have ended."""
    return sum(processor_seconds_of(process) + processor_seconds_of_ended_children(process) for process in tree(pid))


def settled(measure, seconds=2, pause=0.02):
    """What measure() returns once it stays the same: a proxy works on for a moment when its clients have gone."""
    deadline = time.monotonic() + seconds
    value = measure()
    while time.monotonic() < deadline:
        time.sleep(pause)
        again = measure()
        if again - value < 1e-4:
            return again
        value = again
    return value


def memory(pid):
    """The octets (PSS) that a process and all below it hold: what several share is counted once."""
    texts = (read(f"/proc/{process}/smaps_rollup") for process in tree(pid))
    return sum(1024 * int(found[1]) for text in texts if (found := re.search(r"^Pss:\s+(\d+) kB", text, re.M)))


def version(*command):
    """The first number with a point that a command prints."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d\S*", done.stdout + done.stderr)
    return found[0] if found else "unknown"


def describe(columns):
    """What was measured on what: the machine, and the versions of all that took part."""
    model = re.search(r"^model name\s*: (.*)", read("/proc/cpuinfo"), re.M)
    known = {"machine": f"{os.cpu_count()} x {model[1] if model else os.uname().machine}", "kernel": os.uname().release,
             "openssl": version("openssl", "version"), "date": time.strftime("%Y-%m-%d")}
    for column in columns:
        if column.version and shutil.which(column.version.split()[0]):
            known[pathlib.Path(column.version.split()[0]).name] = version(*column.version.split())
    return known
