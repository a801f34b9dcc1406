"""Whether popgate's cost for a unit of work stays as it is when there are more routes, rules, sessions or workers."""
import dataclasses
import os

import machine
import peers
from machine import LOAD_CORE, PROXY_CORE
from proxy import LoadFailed, Proxy
from work import Row, Work, per_unit, session_work

LOGIN = session_work("plain", "plain")
LOGIN_TLS = session_work("TLS", "tls")
FETCH = Work((Row("", "us", per_unit(1e6), 2),), "tls", "-c 8 -m 1", 8, 4096, 32)
FETCHES = 16384


@dataclasses.dataclass(frozen=True)
class Growth:
    """A cost at each of some sizes; with the last of them at most `most` times that with the first."""

    name: str
    unit: str
    digits: int
    sizes: tuple
    cost: object        # of (column, place, size): the number; the column is popgate without filters
    most: float = 1.1   # 0: it is only shown
    beside: str = ""    # the name of another: what is more for that may be more for this, too


class Spread(Proxy):
    """A proxy that keeps each worker to a core of its own, while the load and all else may use both."""

    cores = (PROXY_CORE, LOAD_CORE)

    def pin(self):
        self.load_cores = f"{PROXY_CORE},{LOAD_CORE}"
        for pid in [self.place.upstream.pid, *machine.tree(self.processes[0].pid)]:
            os.sched_setaffinity(pid, {PROXY_CORE, LOAD_CORE})
        for worker, core in zip(self.workers(), self.cores):
            machine.pin(worker, core)

    def workers(self):
        return [pid for pid in machine.tree(self.processes[0].pid) if "worker" in machine.read(f"/proc/{pid}/comm")]

    def stop(self):
        super().stop()
        machine.pin(self.place.upstream.pid, LOAD_CORE)


def with_proxy(column, place, measure, kind=Proxy, **values):
    """What measure() makes of a popgate with these words in its configuration."""
    values = {**column.values, **values}
    proxy = kind(dataclasses.replace(column, edits=bool(values.get("filters")), values=values), place)
    try:
        proxy.load("tls", "-c 8 -n 32 -m 1 -k 4")
        return measure(proxy)
    finally:
        proxy.stop()


def cost_of(work, login=0):
    return lambda proxy: work.rows[0].value(work.run(proxy, login))


# Routes: listeners of their own, each with an upstream of its own.

ROUTE = """
listener "route{number}" {{ address = {{ "127.0.0.1:{port}" }}  tls = "none"  upstream = "route{number}" }}
upstream "route{number}" {{ server = {{ "127.0.0.1:{upstream}" }} }}
"""


def login_by_last_route(column, place, count):
    ports = set()
    while len(ports) < count:
        ports.add(machine.free_port())
    text = "".join(ROUTE.format(number=number, port=port, upstream=place.ports["pop3"]) for number, port in enumerate(ports))
    *_, port = ports

    def measure(proxy):
        proxy.ports["plain"] = port
        return cost_of(LOGIN)(proxy)
    return with_proxy(column, place, measure, settings=text)


# Rules of header-rewrite: none matches, so that each is tried.

RULES = ("/^Subject:.*offer {number} for you/      REPLACE Subject: offer",
         "/^From:.*@host{number}\\.example/         PREPEND X-Seen: host",
         "/^X-Header-{number}: (.*)/                IGNORE",
         "/^Received:.*relay{number}\\.example\\.com/ STRIP")


def fetch_by_rules(column, place, count):
    file = place.folder / f"rules-{count}"
    file.write_text("".join(RULES[number % len(RULES)].format(number=1000 + number) + "\n" for number in range(count)))
    many = f'filter "many" {{ module = "header-rewrite"  rules = {{ "{file}" }} }}'
    work = dataclasses.replace(FETCH, times=max(FETCH.depth, FETCH.times // count))
    return with_proxy(column, place, cost_of(work), filters='"many"', settings=many)


def one_rule(column, place, count):
    """Nanoseconds of a rule for a message."""
    return 1e3 * (fetch_by_rules(column, place, count) - fetch_by_rules(column, place, 1)) / (count - 1)


# Sessions at a time. What the kernel keeps of each grows out of the caches, for any proxy.

NGINX = next(column for column in peers.PEERS if column.name == "nginx stream")
FETCH_NGINX = "sessions at a time: a message of 4 KB, TLS, through nginx stream"


def login_beside(column, place, count):
    work = dataclasses.replace(LOGIN_TLS, options=f"-c {count}", sessions=max(LOGIN_TLS.sessions, 4 * count))
    return with_proxy(column, place, cost_of(work))


def fetch_beside(column, place, count):
    """Microseconds of a message where so many sessions fetch; logging in is taken off."""
    work = dataclasses.replace(FETCH, options=f"-c {count} -m 1", sessions=count, times=FETCHES // count, depth=1)
    login = dataclasses.replace(work, options=f"-c {count}", times=0)

    def measure(proxy):
        login.run(proxy)
        return cost_of(work, login.run(proxy).seconds / count)(proxy)
    return with_proxy(column, place, measure)


# Workers: two of one popgate, beside two popgates with a worker each. Either way there is one on each core, with half of the
# load, so that only what two workers have in common may make a difference.

def cost_of_both(work, first, second):
    """What a unit costs while both are at work; first and second may be the same proxy."""
    workers = {pid for proxy in (first, second) for pid in proxy.workers()}
    before = {pid: machine.processor_seconds_of(pid) for pid in workers}
    loads = [proxy.begin(work.mode, work.command()) for proxy in (first, second)]
    for load in loads:
        Proxy.finish(load)
    used = [machine.settled(lambda pid=pid: machine.processor_seconds_of(pid)) - before[pid] for pid in workers]
    if min(used) < sum(used) / 8:
        raise LoadFailed("a worker had little to do")
    return sum(used) / (2 * work.sessions * (work.times or 1))


def by_workers(work, scale):
    def beside(first, column, place):
        def measure(second):
            second.cores = first.cores[1:]
            return scale * cost_of_both(work, first, second)
        return with_proxy(column, place, measure, Spread)

    def cost(column, place, count):
        return with_proxy(column, place, lambda proxy: scale * cost_of_both(work, proxy, proxy) if count == 2
                          else beside(proxy, column, place), Spread, workers=count)
    return cost


GROWTHS = (
    Growth("routes: a login session, plain", "ms", 4, (1, 100, 1000), login_by_last_route),
    Growth("header rules: a message of 4 KB", "us", 2, (10, 100, 1000), fetch_by_rules, 0),
    Growth("header rules: a rule for a message", "ns", 1, (100, 1000), one_rule),
    Growth("sessions at a time: a login session, TLS", "ms", 3, (8, 64, 512), login_beside),
    Growth(FETCH_NGINX, "us", 1, (8, 64, 512), lambda _, place, count: fetch_beside(NGINX, place, count), 0),
    Growth("sessions at a time: a message of 4 KB, TLS", "us", 1, (8, 64, 512), fetch_beside, beside=FETCH_NGINX),
    Growth("workers, each on a core: a login session, TLS", "ms", 3, (1, 2), by_workers(LOGIN_TLS, 1e3)),
    Growth("workers, each on a core: a message of 4 KB, TLS", "us", 2, (1, 2),
           by_workers(dataclasses.replace(FETCH, sessions=32, options="-c 32 -m 1", times=1024), 1e6)),
)
