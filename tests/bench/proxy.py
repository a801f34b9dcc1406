"""A proxy at work: started from its configuration, pinned to its core, loaded, and what that cost it."""
import dataclasses
import grp
import json
import os
import pathlib
import pwd
import shlex
import shutil
import string
import subprocess

import chain
import machine
from machine import LOAD_CORE, PROXY_CORE
from peers import HERE

SESSIONS_MAX = 12000
MODES = ("tls", "stls", "plain", "plain_once", "plain_tls", "tls_tls")
LOAD_SECONDS = 60

REWRITE = """\
/^X-Mailer:/       IGNORE
/^Subject: (.*)/   REPLACE Subject: [example.net] $1
/^From:/           PREPEND X-Seen-By: popgate
"""


class Unavailable(Exception):
    """Why a proxy cannot be measured."""


class LoadFailed(Exception):
    """What the mail programs did not like."""


@dataclasses.dataclass
class Place:
    """Where the proxies are at work: a folder with a certificate, a build's programs, and the account of the workers."""

    folder: pathlib.Path
    programs: pathlib.Path
    files: int

    def __post_init__(self):
        self.user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.group = grp.getgrgid(pwd.getpwnam(self.user).pw_gid).gr_name
        self.folder.chmod(0o755)
        chain.make(self.folder)
        (self.folder / "header_checks").write_text(REWRITE)
        self.upstream = self.start_upstream()

    def start_upstream(self):
        process = machine.start(LOAD_CORE, self.programs / "upstream", "-c", self.folder / "chain.pem", "-k",
                                self.folder / "server.key", stdout=subprocess.PIPE)
        self.ports = json.loads(process.stdout.readline())
        return process

    @property
    def sessions(self):
        """How many a proxy has to be ready for: as many as open files allow, with two for each and some to spare."""
        return min(SESSIONS_MAX, self.files * 12 // 25)

    def words(self):
        """What configurations may name with a $."""
        return {"site": self.folder, "user": self.user, "group": self.group, "upstream": self.ports["pop3"], "http": self.ports["http"],
                "upstream_tls": self.ports["pop3s"], "upstream_once": self.ports["once"], "server_name": chain.NAME,
                "files": self.files, "sessions": self.sessions,
                "upstream_program": self.programs / "upstream"}


class Proxy:
    """One column, at work until stop()."""

    def __init__(self, column, place):
        self.column, self.name, self.place = column, column.name, place
        self.folder = self.make_folder()
        self.ports = {mode: machine.free_port() for mode in MODES}
        self.processes, self.load_cores = [], LOAD_CORE
        words = {**place.words(), **column.values, **self.ports, "folder": self.folder, "conf": self.folder / "proxy.conf"}
        if column.conf:
            text = string.Template((HERE / "peers" / column.conf).read_text()).substitute(words)
            (self.folder / "proxy.conf").write_text(text)
        try:
            for command in column.commands:
                self.start(shlex.split(string.Template(command).substitute(words)))
            self.wait()
        except BaseException:
            self.stop()
            raise

    def make_folder(self):
        """One with a folder to spool in, and that the workers' account may write to; popgate takes no configuration from there."""
        parent = self.place.folder / self.name.replace(" ", "-")
        parent.mkdir(exist_ok=True)
        folder = parent / str(len(list(parent.iterdir())))
        for each in (folder, folder / "spool"):
            each.mkdir()
            if each != folder or self.column.kind != "popgate":
                shutil.chown(each, self.place.user)
        return folder

    def start(self, command):
        if not shutil.which(command[0]):
            raise Unavailable(f"{command[0]} is not installed")
        direct = self.column.kind == "direct"
        with open(self.folder / "output", "a", encoding="utf-8") as output:
            self.processes.append(machine.start(PROXY_CORE, *command, stdout=subprocess.PIPE if direct else output, stderr=output))
        if direct:
            ports = json.loads(self.processes[0].stdout.readline())
            self.ports = {"tls": ports["pop3s"], "stls": ports["pop3"], "plain": ports["pop3"]}

    def wait(self):
        for process in self.processes:
            for mode in self.column.modes:
                if not (self.listens(process, mode)):
                    raise Unavailable("it does not listen: " + self.last_words())
        self.pin()

    def listens(self, process, mode):
        return machine.wait_until_it_listens(process, self.ports[mode])

    def last_words(self):
        lines = [line for file in sorted(self.folder.glob("*")) if file.name in ("output", "error.log") or file.suffix == ".log"
                 for line in file.read_text(errors="replace").splitlines()]
        return " / ".join(lines[-3:]) or "it says nothing"

    def pin(self):
        for process in self.processes:
            machine.pin(process.pid, PROXY_CORE)

    def processor_seconds(self):
        return sum(machine.processor_seconds(process.pid) for process in self.processes)

    def memory(self):
        return sum(machine.memory(process.pid) for process in self.processes)

    def load_command(self, mode, options):
        return [self.place.programs / "load", "-p", self.ports[mode], "-s", mode.partition("_")[0], *options.split(),
                *(["-e"] if self.column.edits else [])]

    def begin(self, mode, options):
        """Mail programs at work; finish() has what they report."""
        if any(process.poll() is not None for process in self.processes):
            raise LoadFailed(f"it has ended: {self.last_words()}")
        self.pin()
        return machine.start(self.load_cores, *self.load_command(mode, options), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    @staticmethod
    def finish(load):
        try:
            out, errors = load.communicate(timeout=LOAD_SECONDS)
        except subprocess.TimeoutExpired as error:
            load.kill()
            raise LoadFailed(f"it takes more than {LOAD_SECONDS} seconds") from error
        if load.returncode:
            raise LoadFailed(errors.strip() or f"load ends with {load.returncode}")
        return json.loads(out)

    def load(self, mode, options):
        """What the mail programs report, and the processor seconds that the proxy took meanwhile."""
        before = machine.settled(self.processor_seconds)
        report = self.finish(self.begin(mode, options))
        return report, machine.settled(self.processor_seconds) - before

    def stop(self):
        for process in self.processes:
            machine.stop(process)
