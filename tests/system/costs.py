"""
What a login, a message and a score cost popgate: instructions by callgrind, and system calls by strace, which nothing that a
machine does beside changes. A unit's cost is the difference of two runs, of few units and of many, so that a start is not in it.

As a program it measures and writes costs.json: `make costs`.
"""
import concurrent.futures
import contextlib
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from certificates import NAMES, Authority
from mail import message
from places import POPGATE, ROOT, run, wait_until
from popgate import Gate, tls_upstream
from test_cost import Trace
from test_processes import called

KEPT = pathlib.Path(__file__).with_name("costs.json")
PROGRAMS = POPGATE.parent / "tests/bench"
RULES = ROOT / "rules/local.cf"
REWRITE = "/^X-Mailer:/ IGNORE\n/^Subject: (.*)/ REPLACE Subject: [example.net] $1\n/^From:/ PREPEND X-Seen-By: popgate\n"
FILTERS = {"none": (), "rewrite": ("headers",), "audit": ("headers", "audit"), "all": ("score", "headers", "audit")}
CALLGRIND = ("valgrind", "--tool=callgrind", "--quiet", "--callgrind-out-file={}/%p")
PACKAGES = ("libc6", "libssl3", "libpcre2-8-0", "libevent-core-2.1-7", "libglib2.0-0", "valgrind")


@dataclasses.dataclass(frozen=True)
class Row:
    """Units of work through a listener: `options` of the load, in which {} is how many."""

    listener: str
    filters: str
    options: str
    few: int = 30
    many: int = 130


SESSION, FETCH = "-c 1 -n {}", "-c 1 -n 1 -m {} -k {{}}"
ROWS = {
    "login, plain": Row("plain", "none", SESSION, 200, 1200),
    "login, TLS, full": Row("tls", "none", SESSION),
    "login, TLS, resumed": Row("tls", "none", SESSION + " -r"),
    "login, plain, TLS to the server, full": Row("plain_once", "none", SESSION),
    "login, plain, TLS to the server, resumed": Row("plain_tls", "none", SESSION),
    "RETR of 4 KB": Row("tls", "none", FETCH.format(1), 100, 600),
    "RETR of 4 KB, header-rewrite": Row("tls", "rewrite", FETCH.format(1) + " -e", 100, 600),
    "RETR of 4 KB, rewrite and audit": Row("tls", "audit", FETCH.format(1) + " -e", 100, 600),
    "RETR of 4 KB, all three, verdict known": Row("tls", "all", FETCH.format(1) + " -e"),
    "RETR of 64 KB": Row("tls", "none", FETCH.format(2)),
}
SCORE, FEW, MANY = "score of 4 KB, rules/local.cf", 10, 60


def environment():
    """What instructions depend on beside popgate: the compiler, and the libraries that are counted too."""
    versions = dict(line.split() for line in run("dpkg-query", "-W", "-f", "${Package} ${Version}\n", *PACKAGES, check=False)
                    .stdout.decode().splitlines() if len(line.split()) == 2)
    return {"gcc": run("gcc", "-dumpfullversion").stdout.decode().strip(), "machine": os.uname().machine, **versions}


class Stand:
    """A server of the bench, and a folder in which popgate is measured."""

    def __init__(self, folder):
        self.folder, self.authority = folder, Authority(folder / "authority")
        self.certificate = self.authority.issue("site", NAMES)
        (folder / "header_checks").write_text(REWRITE)
        self.letter = folder / "letter.eml"
        self.letter.write_bytes(message("Your account", b"Dear customer, please confirm http://192.0.2.1/login now.\r\n" * 66))

    def __enter__(self):
        self.server = subprocess.Popen([PROGRAMS / "upstream", "-c", self.certificate, "-k", self.certificate], stdout=subprocess.PIPE)
        self.ports = json.loads(self.server.stdout.readline())
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.communicate()

    def new_folder(self):
        """One that popgate takes a configuration from, and in it one to which its workers may write."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        folder.chmod(0o755)
        (folder / "counts").mkdir()
        (folder / "counts").chmod(0o777)
        return folder

    def gate(self, folder, row):
        port = {"plain_tls": "pop3s", "plain_once": "once"}.get(row.listener)
        front = {"tls": "implicit", "certificate": [self.certificate]} if row.listener == "tls" else {"tls": "none"}
        upstream = tls_upstream(self.ports[port or "pop3"], "implicit" if port else "none", self.authority)
        filters = {"score": {"module": "spam-score", "rules": [RULES]},
                   "headers": {"module": "header-rewrite", "rules": [self.folder / "header_checks"]},
                   "audit": {"module": "audit-log", "path": folder / "audit.jsonl"}}
        chosen = {name: filters[name] for name in FILTERS[row.filters]}
        return Gate(folder, {"in": {**front, "upstream": "server", "filters": list(chosen)}}, {"server": upstream}, chosen,
                    log_level="warning")


def work(stand, row, count, tool=(), watch=lambda gate, folder: contextlib.nullcontext()):
    """The folder for what a tool has to say of each process, and the worker's id, when so many units have gone through."""
    folder = stand.new_folder()
    gate = stand.gate(folder, row)
    gate.program = [*(word.format(folder / "counts") for word in tool), *gate.program]
    gate.start()
    try:
        wait_until(lambda: len(gate.workers()) == (2 if "audit" in FILTERS[row.filters] else 1), what="all processes")
        pid, = called(gate, "worker")
        with watch(gate, folder / "counts"):
            run(PROGRAMS / "load", "-p", gate.port, "-s", "tls" if row.listener == "tls" else "plain", *row.options.format(count).split())
    finally:
        gate.stop()
    return folder / "counts", pid


def total(file):
    """Of callgrind."""
    return int(re.search(r"^(?:summary|totals): (\d+)", file.read_text(), re.M)[1])


def per_unit(row, count):
    """What one more unit costs: count(units) is what so many cost, with all else."""
    return (count(row.many) - count(row.few)) / (row.many - row.few)


def instructions_of_row(stand, row):
    def count(units):
        folder, pid = work(stand, row, units, CALLGRIND)
        return total(folder / str(pid))
    return per_unit(row, count)


def calls_of_row(stand, row):
    def count(units):
        folder, _ = work(stand, row, units, watch=Trace)
        return len(re.findall(r"^\w+\(", (folder / "trace").read_text(), re.M))
    return per_unit(row, count)


def instructions_of_score(stand):
    folder = stand.new_folder()
    for count in (FEW, MANY):
        tool = [word.format(folder / "counts").replace("%p", str(count)) for word in CALLGRIND]
        run(*tool, POPGATE, "score", "-r", RULES, *[stand.letter] * count, check=False)
    return (total(folder / "counts" / str(MANY)) - total(folder / "counts" / str(FEW))) / (MANY - FEW)


def measure(folder, kind, names):
    """The counts of these rows, "instructions" or "calls". Two at a time: counts do not mind."""
    def count(name):
        if name == SCORE:
            return round(instructions_of_score(stand))
        return round(instructions_of_row(stand, ROWS[name])) if kind == "instructions" else round(calls_of_row(stand, ROWS[name]), 2)

    with Stand(folder) as stand, concurrent.futures.ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(count, names)))


def record():
    """Writes costs.json, and says what has changed."""
    before = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    with tempfile.TemporaryDirectory(prefix="popgate-costs.") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        now = {"environment": environment()}
        for kind, names in (("instructions", [*ROWS, SCORE]), ("calls", ROWS)):
            (folder / kind).mkdir()
            now[kind] = measure(folder / kind, kind, names)
            for row, number in now[kind].items():
                was = before.get(kind, {}).get(row)
                print(f"{row:<45} {number:>12} {kind:<13}" + (f"{number / was - 1:+.2%}" if was else "new"))
    KEPT.write_text(json.dumps(now, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(record())
