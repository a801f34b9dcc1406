"""Runs popgate in the foreground from a generated proxy.conf, and looks at what it leaves behind."""
import os
import re
import signal
import subprocess
import time

from places import AS_ROOT, HOST, POPGATE, UNPRIVILEGED, free_port, give_away, listens, run, wait_until

REPORTS = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|UndefinedBehaviorSanitizer|Assertion .* failed")


def value(item):
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, (int, float)):
        return str(item)
    if isinstance(item, (list, tuple)):
        return "{ " + ", ".join(map(value, item)) + " }"
    return '"%s"' % item


def settings(keys, indent=""):
    return "".join(f"{indent}{key} = {value(item)}\n" for key, item in keys.items())


def section(kind, name, keys):
    return f'{kind} "{name}" {{\n{settings(keys, "    ")}}}\n'


def tls_upstream(port, tls, authority, **more):
    """The keys of an upstream on localhost, verified against the test authority where it has TLS."""
    return {"server": [f"localhost:{port}"], "tls": tls, **({"tls_ca": authority.file} if tls != "none" else {}), **more}


class Gate:
    """
    `listeners`, `upstreams` and `filters` map names to their keys. A listener without an address gets a free port; ports[name]
    tells which. Keys of the top level are `options`.
    """

    def __init__(self, folder, listeners, upstreams, filters=None, **options):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        (folder / "spool").mkdir(exist_ok=True)
        give_away(folder / "spool")
        self.file, self.log_file, self.stderr_file = folder / "proxy.conf", folder / "popgate.log", folder / "stderr"
        self.ports, self.process, self.program = {}, None, [POPGATE]
        self.options = dict(workers=1, shutdown_timeout="1s", log=self.log_file, log_level="debug", spool_dir=folder / "spool")
        if AS_ROOT:
            self.options["user"] = UNPRIVILEGED
        self.options.update(options)
        self.listeners, self.upstreams, self.filters = listeners, upstreams, filters or {}
        for name, keys in listeners.items():
            if "address" not in keys:
                self.ports[name] = free_port()
                keys["address"] = [f"{HOST}:{self.ports[name]}"]
        self.write()

    def write(self):
        parts = [settings(self.options)]
        parts += [section("listener", *item) for item in self.listeners.items()]
        parts += [section("upstream", *item) for item in self.upstreams.items()]
        parts += [section("filter", *item) for item in self.filters.items()]
        self.file.write_text("\n".join(parts))

    @property
    def port(self):
        return next(iter(self.ports.values()))

    def start(self):
        with self.stderr_file.open("ab") as stderr:
            self.process = subprocess.Popen([*self.program, "-c", self.file], stdout=stderr, stderr=stderr,
                                            start_new_session=True)
        try:
            wait_until(self.is_up, what="popgate listens")
        except AssertionError as error:
            self.kill()
            raise AssertionError(f"{error}\n{self.stderr()}\n{self.log()}") from None
        return self

    def is_up(self):
        if self.process.poll() is not None:
            raise AssertionError(f"popgate: exit {self.process.returncode}")
        return all(map(listens, self.ports.values()))

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def stop(self, signal_number=signal.SIGTERM):
        """Ends it as an admin would; the exit status must be 0 and no sanitizer may have spoken."""
        if self.process is None:
            return
        self.process.send_signal(signal_number)
        try:
            code = self.process.wait(15)
        except subprocess.TimeoutExpired:
            code = "still running 15 s after the signal"
        self.kill()
        self.process = None
        said = self.stderr() + self.log()
        found = REPORTS.search(said)
        assert not found, said[max(0, found.start() - 500):found.start() + 6000]
        assert code == 0, (code, said[-3000:])

    def log(self):
        """All of it: what a worker said before it answered a client is written by the master, a moment later."""
        before, text = None, self.log_now()
        while before != text:
            time.sleep(0.03)
            before, text = text, self.log_now()
        return text

    def log_now(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def stderr(self):
        return self.stderr_file.read_text(errors="replace") if self.stderr_file.exists() else ""

    def wait_log(self, pattern, seconds=10):
        return wait_until(lambda: re.search(pattern, self.log_now()), seconds, f"log has {pattern}")

    def workers(self):
        """Process ids of the master's children that serve: not of those that try rules, or ask for names."""
        out = run("pgrep", "-P", self.process.pid, "^popgate-(worker|auditor)", check=False).stdout
        return [int(line) for line in out.split()]


def check(folder, text, name="proxy.conf"):
    """popgate -t on a configuration text: its exit status, and what it said on standard error."""
    file = folder / name
    file.write_text(text)
    done = run(POPGATE, "-t", "-c", file, check=False)
    return done.returncode, done.stderr.decode(errors="replace")
