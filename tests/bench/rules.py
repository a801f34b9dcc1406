#!/usr/bin/python3
"""What SpamAssassin's stock rules cost, in popgate, in SpamAssassin and in rspamd: rules.py BUILD [quick].

All work on the same real mail, on one core. Times are the processor's, without what it takes to start; the runs are
interleaved and the medians are shown.
"""
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile

import memory
import rspamd
from machine import PROXY_CORE

HERE = pathlib.Path(__file__).resolve().parent
SHARED = HERE.parents[2] / "shared"
CORPUS = SHARED / "corpus/spamassassin-public-corpus-part.tar.xz"
ORACLE = SHARED / "oracle/sa_hits.pl"
RULES = pathlib.Path("/usr/share/spamassassin")
PLUGINS = ("Check", "ReplaceTags", "MIMEHeader")  # those whose rules are patterns
REPEATS = 5  # popgate and rspamd are given the mail as often in one run
FEW = 100    # patterns

PATTERN = re.compile(r"^\s*(header|body|rawbody|full|uri|mimeheader)\s+(\w+)\s+(?!eval:)(\S.*)$")


def processor_time(*command):
    """What a command takes, on the core of the proxies."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["taskset", "-c", str(PROXY_CORE), *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def without_start(command, files):
    """Processor seconds for each message: those of all but the first."""
    return (processor_time(*command, *files) - processor_time(*command, files[0])) / (len(files) - 1)


def stock_lines():
    """Those of the plugins whose rules are patterns; of an if its first half."""
    for file in sorted(RULES.glob("*.cf")):
        open_blocks = []
        for line in file.read_text("utf-8", "surrogateescape").splitlines():
            word, *rest = line.split() or [""]
            if word in ("if", "ifplugin"):
                open_blocks.append(word == "if" or rest[0].rpartition("::")[2] in PLUGINS)
            elif word == "else":
                open_blocks[-1] = False
            elif word == "endif":
                open_blocks.pop()
            elif all(open_blocks):
                yield line


def write_patterns(file, share):
    """Every `share`th pattern of the stock rules, with what they are made of, but no metas. Returns how many there are."""
    patterns, flags, replaced, lines = {}, {}, set(), []
    for line in stock_lines():
        words = line.split()
        if found := PATTERN.match(line):
            patterns[found[2]] = found[1], found[3]
        elif words[:1] == ["tflags"]:
            flags[words[1]] = " ".join(word for word in words[2:] if word != "net")
        elif words[:1] == ["replace_rules"]:
            replaced.update(words[1:])
        elif words and re.match("replace_|util_rb_|redirector_pattern", words[0]):
            lines.append(line)
    chosen = sorted(patterns)[::share]
    for number, name in enumerate(chosen):
        kind, pattern = patterns[name]
        lines += [f"{kind} P_{number} {pattern}", f"tflags P_{number} {flags.get(name, '')}"]
        lines += [f"replace_rules P_{number}"] if name in replaced else []
    file.write_text("\n".join(lines) + "\n", "utf-8", "surrogateescape")
    return len(chosen)


class Bench:
    """The numbers measured so far, by name, in the units shown."""

    def __init__(self, build, quick, folder):
        self.build, self.folder, self.numbers = build, folder, {}
        self.rounds, every = (2, 12) if quick else (5, 5)
        with tarfile.open(CORPUS) as archive:
            members = sorted((member for member in archive if member.isfile() and member.name.count("/") > 1),
                             key=lambda member: member.name)[::every]
            texts = [archive.extractfile(member).read() for member in members]
        self.files = [folder / f"{number}.eml" for number in range(len(texts))]
        for file, text in zip(self.files, texts):
            file.write_bytes(text)
        self.texts = texts
        self.pre = folder / "patterns.pre"
        self.pre.write_text("".join(f"loadplugin Mail::SpamAssassin::Plugin::{plugin}\n" for plugin in PLUGINS))
        self.few, self.all = folder / "few.cf", folder / "all.cf"
        self.patterns = write_patterns(self.all, 1)
        self.few_patterns = write_patterns(self.few, self.patterns // FEW)

    def note(self, name, number):
        self.numbers.setdefault(name, []).append(number)

    def median(self, name):
        return statistics.median(self.numbers[name]) if name in self.numbers else None

    def popgate(self, *rules):
        command = [self.build / "popgate", "score"]
        for path in rules:
            command += ["-r", path]
        return command

    def measure(self, scanner, ask_spamassassin):
        """One round."""
        many = self.files * REPEATS
        self.note("popgate", without_start(self.popgate(self.pre, RULES), many))
        self.note("popgate, functions too", without_start(self.popgate(RULES), many))
        if ask_spamassassin:
            self.note("SpamAssassin", without_start(["perl", ORACLE, RULES, self.pre], self.files))
        if scanner:
            self.note("rspamd", scanner.score(self.texts * REPEATS) / len(many))
        self.note("few", without_start(self.popgate(self.few), many))
        self.note("all", without_start(self.popgate(self.all), many))
        self.note("start", processor_time(*self.popgate(RULES), "--lint"))


def row(name, value, mark="", holds=True):
    print(f"{name:<58}{value:>12}" + (f"   {mark}" if mark else "") + ("" if holds else ": MISSED"))


def show(bench):
    milliseconds = {name: 1000 * bench.median(name) for name in bench.numbers}
    print(f"\nSpamAssassin's stock rules on {len(bench.files)} real messages; one core, without the start, medians of {bench.rounds} runs\n")
    for name in ("popgate", "popgate, functions too", "SpamAssassin", "rspamd"):
        if name in milliseconds:
            row(f"{name}, messages for each processor second", f"{1000 / milliseconds[name]:.0f}")
    if "SpamAssassin" in milliseconds:
        ratio = milliseconds["SpamAssassin"] / milliseconds["popgate"]
        row("popgate, times SpamAssassin", f"{ratio:.1f}", "at least 50", ratio >= 50)
    if "rspamd" in milliseconds:
        ratio = milliseconds["popgate"] / milliseconds["rspamd"]
        row("popgate's time for a message, times rspamd's", f"{ratio:.2f}", "at most 1", ratio <= 1)
    ratio = milliseconds["all"] / milliseconds["few"]
    row(f"{bench.patterns} patterns, times {bench.few_patterns} patterns", f"{ratio:.2f}", "below 4", ratio < 4)
    row("start with the rules, processor ms", f"{milliseconds['start']:.0f}")


def show_memory(build, folder, texts, rounds):
    """What rules take, in the master, and in each worker once it has scored: there, most of what it has is for mail."""
    bare, ruled = ([memory.measure(build, folder, rules, texts) for _ in range(rounds)] for rules in ("", RULES))
    master, worker = (lambda of, each=each: statistics.median(getattr(one, each) for one in of) / 1e6 for each in ("master", "worker"))
    row("master with the rules, resident MB", f"{master(ruled):.1f}")
    row("master without, resident MB", f"{master(bare):.1f}")
    row("a worker that has scored, memory of its own, MB", f"{worker(ruled):.2f}")
    more = worker(ruled) - worker(bare)
    row("of it for rules, MB", f"{more:.2f}", "below 2", more < 2)


def bench(build, quick):
    missing = [str(path) for path in (CORPUS, RULES / "72_active.cf") if not path.exists()]
    if missing:
        print(f"\nrules are not measured: {' and '.join(missing)} not there")
        return
    spamassassin = ORACLE.exists() and shutil.which("spamassassin")
    if not spamassassin:
        print(f"SpamAssassin, or what asks it, {ORACLE}, is not there")
    with tempfile.TemporaryDirectory(prefix="popgate-bench.") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        ours = Bench(build, quick, folder)
        scanner = rspamd.begin(RULES, folder, build.parent / "bench-rspamd")
        try:
            for number in range(ours.rounds):
                print(f"\rrules: round {number + 1} of {ours.rounds}", end="", file=sys.stderr, flush=True)
                ours.measure(scanner, spamassassin)
            print("\r" + " " * 40 + "\r", end="", file=sys.stderr, flush=True)
        finally:
            if scanner:
                scanner.stop()
        show(ours)
        if os.geteuid() == 0:
            show_memory(build, folder, ours.texts, ours.rounds)
        else:
            print("memory is not measured: only root may look at it")


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C"
    bench(pathlib.Path(sys.argv[1]).resolve(), "quick" in sys.argv[2:])
