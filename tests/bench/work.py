"""What goes through each proxy in turn, and what is noted of it: the rows of the first table."""
import dataclasses
import math

KB, MB, GB = 1024, 1024 ** 2, 1e9
AT_A_TIME = 16  # sessions


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table: `value` makes its number of a Run."""

    name: str
    unit: str
    value: object
    digits: int = 3


@dataclasses.dataclass(frozen=True)
class Run:
    """What one run brought: units of work done, the proxy's processor seconds, and what the load reported."""

    units: float
    seconds: float
    report: dict


@dataclasses.dataclass(frozen=True)
class Work:
    """A fixed amount of work: sessions of which each fetches a message so many times; the load's other options."""

    rows: tuple
    mode: str
    options: str
    sessions: int
    times: int = 0      # 0: they log in and out
    depth: int = 1
    rate: int = 0       # sessions a second; 0: each begins when one has ended

    @property
    def name(self):
        return self.rows[0].name

    @property
    def resumable(self):
        """Of the sessions those that have a ticket of one before them."""
        return max(0, self.sessions - AT_A_TIME) if "-r" in self.options.split() else 0

    def scaled(self, part):
        """The same with this part of its work, at most all of it."""
        part = min(1, part)
        if not self.times or self.rate:
            return dataclasses.replace(self, sessions=max(AT_A_TIME, self.rate * 2 // 3, int(self.sessions * part)))
        return dataclasses.replace(self, times=self.depth * max(1, math.ceil(self.times * part / self.depth)))

    def command(self):
        return (f"{self.options} -n {self.sessions}" + (f" -k {self.times} -d {self.depth}" if self.times else "")
                + (f" -R {self.rate}" if self.rate else ""))

    def resumes_wrongly(self, report):
        """Did sessions with the server resume that should not, or too few of them?"""
        resumed, behind = report["resumed_behind"], self.mode.partition("_")[2]
        return resumed > 0 if behind == "once" else behind == "tls" and resumed < (self.sessions - AT_A_TIME) / 2

    def run(self, proxy, login=0):
        """A Run; `login` is what a session alone takes, which is not counted."""
        report, seconds = proxy.load(self.mode, self.command())
        return Run(self.sessions * (self.times or 1), seconds - login * self.sessions, report)

    def login_seconds(self, proxy):
        """What a session alone takes, where messages are what is measured."""
        if not self.times or self.rate:
            return 0
        run = dataclasses.replace(self, options=f"-c {AT_A_TIME}", sessions=4 * AT_A_TIME, times=0).run(proxy)
        return run.seconds / run.units


def per_unit(scale, amount=1):
    return lambda run: scale * run.seconds / (run.units * amount)


def reported(what, share):
    return lambda run: run.report[what][share]


def session_work(name, mode, options="", sessions=960):
    return Work((Row("login sessions, " + name, "ms", per_unit(1e3)),), mode, f"-c {AT_A_TIME} {options}", sessions)


def message_work(name, mode, message, times, depth=1):
    """What logging in costs is taken off, so it does not matter whether a session with the server is resumed."""
    unit, scale, amount, digits = (("us", 1e6, 1, 1) if message == 1 else ("s/GB", 1, {2: 64 * KB, 3: MB}[message] / GB, 3))
    return Work((Row(name, unit, per_unit(scale, amount), digits),), mode, f"-c 8 -m {message}", 8, times, depth)


# Where messages are measured sessions last for thousands of them, and what logging in takes is taken off. Where times are
# measured sessions begin on a schedule that each of the good proxies keeps without effort, and a stall counts in full.
WORK = (
    session_work("TLS, full handshake", "tls"),
    session_work("TLS, resumed", "tls", "-r"),
    session_work("STLS", "stls"),
    session_work("plain", "plain", sessions=6000),
    session_work("plain, TLS to the server, full", "plain_once"),
    session_work("plain, TLS to the server, resumed", "plain_tls"),
    session_work("TLS, full, TLS to the server", "tls_tls"),
    message_work("RETR of 4 KB, one by one, TLS", "tls", 1, 4096),
    message_work("RETR of 4 KB, pipelined, TLS", "tls", 1, 24576, 32),
    message_work("messages of 64 KB, TLS", "tls", 2, 1024),
    message_work("messages of 1 MB, TLS", "tls", 3, 64),
    message_work("messages of 1 MB, plain", "plain", 3, 128),
    message_work("RETR of 4 KB, one by one, TLS, TLS to the server", "tls_tls", 1, 4096),
    message_work("messages of 64 KB, TLS, TLS to the server", "tls_tls", 2, 1024),
    message_work("messages of 1 MB, TLS, TLS to the server", "tls_tls", 3, 64),
    Work((Row("login at equal load, p50", "ms", reported("login_ms", "p50"), 2),
          Row("login at equal load, p99", "ms", reported("login_ms", "p99"), 2)), "tls", "-c 256", 900, rate=300),
    Work((Row("RETR of 64 KB at equal load, p50", "ms", reported("retr_ms", "p50"), 2),
          Row("RETR of 64 KB at equal load, p99", "ms", reported("retr_ms", "p99"), 2)), "tls", "-c 256 -m 2", 300, 4, rate=100),
)
