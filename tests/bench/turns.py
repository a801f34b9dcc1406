"""The proxies take turns: A B C A B C ... at each kind of work, so that what the machine does beside is the same for all."""
import collections
import os
import sys

import floor
import growth
import idle
import large
from proxy import LoadFailed, Unavailable

Effort = collections.namedtuple("Effort", "rounds part seconds others holds sizes")
FULL = Effort(rounds=9, part=1 / 2, seconds=1, others=5, holds=(1000, 10000), sizes=slice(None))
QUICK = Effort(rounds=3, part=1 / 8, seconds=0.7, others=1, holds=(1000,), sizes=slice(None, None, 2))
# part: of the work in WORK. seconds: what a run of it may take, where a proxy is slow. others: rounds of all but WORK.

TRIAL = 1 / 8   # the part of the work that is done first, to warm up and to see how much is enough
LATE = 1.5      # times what the schedule says: a proxy does not keep up


def say(text):
    if sys.stderr.isatty():
        print(f"\r{text:<100}", end="", file=sys.stderr, flush=True)


def attempt(what, column, results, act):
    """What act() returns; or None, and a remark: what a peer cannot do is left out, what popgate cannot do is the end."""
    try:
        return act()
    except (LoadFailed, Unavailable) as why:
        if column.kind == "popgate":
            sys.exit(f"\n{column.name}: {what}: {why}")
        results.remark(f"{column.name} is left out of {what}: {why}")
        return None


def run_once(work, proxy, results, login=0):
    run = attempt(work.name, proxy.column, results, lambda: work.run(proxy, login))
    if run and run.report["resumed"] < work.resumable / 2:
        results.remark(f"{proxy.name} does not resume: {run.report['resumed']} of {work.resumable} sessions")
    if run and not work.times and work.resumes_wrongly(run.report):
        results.remark(f"{proxy.name} resumes {run.report['resumed_behind']} of {work.sessions} sessions with the server in {work.name}")
    if run and work.rate and run.report["seconds"] > LATE * work.sessions / work.rate:
        results.remark(f"{proxy.name} does not keep up with {work.rate} sessions a second in {work.name}")
    return run


def enough(work, proxy, effort, results):
    """How much of the work this proxy does in a run; None if it cannot."""
    wanted = work.scaled(effort.part)
    if work.rate:
        return wanted
    trial = run_once(wanted.scaled(TRIAL), proxy, results)
    if trial is None:
        return None
    part = effort.seconds / (trial.report["seconds"] or 1e-3) * TRIAL
    if part >= 1 / 2:
        return wanted
    results.note_part(proxy.name, work.name, part)
    return wanted.scaled(part)


def do_work(proxies, works, effort, results):
    plan = {}
    for work in works:
        for proxy in proxies:
            say(f"first {work.name}: {proxy.name}")
            if work.mode in proxy.column.modes and (some := enough(work, proxy, effort, results)):
                login = attempt(work.name, proxy.column, results, lambda: work.login_seconds(proxy))
                plan[work, proxy] = some, login or 0
    for number in range(effort.rounds):
        for (work, proxy), (some, login) in plan.items():
            say(f"round {number + 1} of {effort.rounds}: {work.name}: {proxy.name}")
            if run := run_once(some, proxy, results, login):
                for row in work.rows:
                    results.note(row, proxy.name, row.value(run))


def take_turns(what, columns, effort, results, measure):
    """A proxy at a time, each started for this; measure(column, note) notes rows and numbers."""
    for number in range(effort.others):
        for column in columns:
            say(f"round {number + 1} of {effort.others}: {what}: {column.name}")
            attempt(what, column, results, lambda: measure(column, lambda row, value: results.note(row, column.name, value)))


def may_read_memory(results):
    """popgate's workers keep their memory from others who are not root."""
    if os.geteuid() == 0:
        return True
    results.remark("memory is not measured: only root may look at it")
    return False


def hold_sessions(columns, place, effort, results):
    if not may_read_memory(results):
        return
    columns = [column for column in columns if column.kind != "direct"]
    for column in columns:
        for count, nominal in idle.fitting(column, place, effort.holds).items():
            if count < nominal:
                results.remark(f"where {nominal:,} sessions are held it is {count:,}: the limit on open files is {place.files:,}")
        if column.idle < max(effort.holds):
            results.remark(f"{column.name} holds {column.idle:,} sessions, no more")
    take_turns("idle sessions", columns, effort, results,
               lambda column, note: idle.measure(column, place, idle.fitting(column, place, effort.holds), note))
    take_turns("idle sessions, TLS on both sides", [column for column in columns if "tls_tls" in column.modes], effort, results,
               lambda column, note: idle.measure_both(column, place, note))


def pass_large(columns, place, effort, results):
    if not may_read_memory(results):
        return
    take_turns("a message of 1 GB", [column for column in columns if column.kind != "direct"], effort, results,
               lambda column, note: large.measure(column, place, note))


def grow(growths, column, place, effort, results):
    """popgate alone: this column of it."""
    for number in range(effort.others):
        for kind in growths:
            for size in kind.sizes[effort.sizes] if len(kind.sizes) > 2 else kind.sizes:
                say(f"round {number + 1} of {effort.others}: {kind.name}: {size}")
                results.note_growth(kind, size, kind.cost(column, place, size))


def find_floor(rounds, results):
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}: what the machine can do")
        results.note_floor(floor.measure())
