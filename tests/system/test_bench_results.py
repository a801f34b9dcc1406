"""What `make bench` makes of its measurements: all that a proxy used is counted, and a row that misses its mark says so."""
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree

import pytest

from places import ROOT

sys.path.append(str(ROOT / "tests/bench"))
import chart  # pylint: disable=wrong-import-position
import machine
import marks
import peers
import show
from results import Results
from work import Row, message_work, session_work

BURN = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
THREAD = "import threading, time\ndef burn():\n    end = time.thread_time() + 0.3\n    while time.thread_time() < end: pass\n"
FULL, BULK = "login sessions, TLS, full handshake", "messages of 1 MB, TLS"


@pytest.fixture
def sleeper(request):
    """The process of a shell or Python command that says when it has done its work, and then waits."""
    with subprocess.Popen(request.param, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "done\n"
        yield process
        process.stdin.close()


@pytest.mark.parametrize("sleeper", [
    ["sh", "-c", f"'{sys.executable}' -c '{BURN}'; echo done; read wait"],
    [sys.executable, "-c", THREAD + "t = threading.Thread(target=burn); t.start(); t.join(); print('done', flush=True); input()"],
    ["sh", "-c", f"'{sys.executable}' -c '{BURN}\nprint(\"done\", flush=True); input()'; :"],
], ids=["a child that has ended", "a thread that has ended", "a child at work"], indirect=True)
def test_processor_time_is_that_of_all(sleeper):
    assert 0.28 < machine.processor_seconds(sleeper.pid) < 0.8


@pytest.mark.parametrize("sleeper", [
    [sys.executable, "-c", "import threading, time; threading.Thread(target=input).start(); print('done', flush=True); time.sleep(0.5)"],
], indirect=True)
def test_all_threads_are_pinned(sleeper):
    core = max(os.sched_getaffinity(0))
    assert len(machine.tasks(sleeper.pid)) == 2
    machine.pin(sleeper.pid, core)
    assert all(os.sched_getaffinity(int(task)) == {core} for task in machine.tasks(sleeper.pid))


def test_a_measure_is_taken_when_it_rests():
    begin = time.monotonic()
    assert machine.settled(lambda: min(0.2, time.monotonic() - begin)) == pytest.approx(0.2)


class Busy:
    """A proxy that takes a second for whatever it is given."""

    def load(self, mode, options):
        return {"seconds": 1}, 1.0


def test_logging_in_is_taken_off_where_messages_are_measured():
    work = message_work("messages of 1 MB, TLS", "tls", 3, 10)
    run = work.run(Busy(), login=0.05)
    assert run.units == 8 * 10 and run.seconds == pytest.approx(1 - 8 * 0.05)
    assert work.login_seconds(Busy()) == pytest.approx(1 / 64)
    assert session_work("plain", "plain").login_seconds(Busy()) == 0


def results(row, unit, **numbers):
    """Of a row with the medians of these columns: hitch, haproxy, and those of popgate by the first word of their names."""
    columns = [*peers.PEERS[:2], peers.DIRECT, *peers.popgate("popgate")]
    made = Results(columns, {}, rounds=1, whole=True)
    for column in columns:
        word = column.name.removeprefix("popgate ").split()[0]
        for number in (0.5, 1, 9) if word in numbers else ():
            made.note(Row(row, unit, None), column.name, number * numbers[word])
    made.note_floor({"sign_ms": 0.02, "x25519_ms": 0.03, "aes_s_per_gb": 0.2, "sha256_s_per_gb": 0.5, "sockets_s_per_gb": 0.3,
                     "copy_s_per_gb": 0.1})
    return made


def column(made, name):
    return next(each for each in made.columns if each["name"] == f"popgate {name}")


def test_a_row_that_misses_says_so():
    made = results(FULL, "ms", hitch=0.5, haproxy=0.4, no=0.448, **{"header-rewrite": 0.38})
    assert "1.12, mark 0.95: missed" in show.line(made, FULL, column(made, "no filters"))
    assert "0.95, mark 0.95: reached" in show.line(made, FULL, column(made, "header-rewrite"))
    assert "0.448 (1.12), missed 0.95" in show.markdown(made) and "0.380 (0.95) " in show.markdown(made)


def test_the_best_is_a_peer_and_not_without_proxy():
    made = results(FULL, "ms", hitch=0.5, haproxy=0.4, no=0.1)
    assert made.best_peer(FULL) == ("haproxy", 0.4)


def test_a_ratio_is_that_of_numbers_of_the_same_round():
    """The machine was at half speed in other rounds for each: that makes no ratio of two."""
    made = Results([*peers.PEERS[:1], *peers.popgate("popgate")], {}, rounds=5, whole=True)
    for peer, ours in zip((10, 10, 20, 20, 20), (8, 8, 8, 16, 16)):
        made.note(Row(FULL, "ms", None), "hitch", peer)
        made.note(Row(FULL, "ms", None), "popgate no filters", ours)
    assert made.median(FULL, "popgate no filters") / made.median(FULL, "hitch") == pytest.approx(0.4)
    assert made.verdict(FULL, column(made, "no filters")).value == pytest.approx(0.8)


def test_a_peer_that_took_nothing_is_no_base():
    made = results(FULL, "ms", hitch=1, no=1)
    made.rows[FULL]["numbers"]["hitch"][0] = 0
    assert made.ratio_to_best(FULL, "popgate no filters") == pytest.approx(1)
    assert made.verdict(FULL, column(made, "no filters")).reached is False


def test_what_filters_do_is_allowed_for():
    """SHA-256 of each octet for an audit log, and a millisecond for each message that is scored."""
    made = results(BULK, "s/GB", hitch=1, rewrite=1.49, all=1 + 0.5 + 0.96)
    assert made.verdict(BULK, column(made, "rewrite and audit")).allowed == pytest.approx(1.5)
    assert not made.verdict(BULK, column(made, "all three")).reached
    assert made.verdict(BULK, column(made, "all three")).allowed == pytest.approx(1.5 + 1e-3 * 1e9 / 2 ** 20)


def test_a_digest_may_cost_what_it_costs():
    """With the peer's own cost, times 1.1, in microseconds a message and in seconds a GB."""
    for row, unit, digest in (("RETR of 4 KB, pipelined, TLS", "us", 0.5 * 4096 / 1e3), ("messages of 1 MB, TLS, TLS to the server", "s/GB", 0.5)):
        made = results(row, unit, hitch=3, haproxy=4, rewrite=5)
        assert made.verdict(row, column(made, "rewrite and audit")).allowed == pytest.approx(1.1 * (3 + digest) / 3)


@pytest.mark.parametrize("mode, resumed, wrongly", [("plain", 0, False), ("tls", 0, False), ("plain_tls", 100, False),
                                                    ("plain_tls", 30, True), ("tls_tls", 0, True), ("plain_once", 0, False),
                                                    ("plain_once", 1, True)])
def test_sessions_with_the_server_resume_where_that_is_measured(mode, resumed, wrongly):
    assert session_work("a row", mode, sessions=116).resumes_wrongly({"resumed_behind": resumed}) == wrongly


def test_a_limit_needs_no_peer():
    row = "memory while a message of 1 GB passes, more than before"
    made = results(row, "MB", no=1.2)
    assert "1.20, at most 1.00: missed" in show.line(made, row, column(made, "no filters"))


def test_every_mark_is_of_a_row_that_is_measured():
    import idle
    import large
    from work import WORK
    rows = {row.name for row in (*idle.ROWS, *large.ROWS, *(row for work in WORK for row in work.rows))}
    assert set(marks.MARKS) <= rows
    assert {each.marks for each in peers.popgate("popgate")} == set(marks.MARKS[FULL])


def test_results_are_read_as_they_were_written(tmp_path):
    made = results(FULL, "ms", hitch=0.5, haproxy=0.4, no=0.448)
    made.note_part("hitch", FULL, 0.125)
    made.remark("haproxy is left out")
    assert "- hitch is slow and does less work: 12% in" in show.markdown(made) and "- haproxy is left out" in show.markdown(made)
    made.write(tmp_path / "bench.json")
    assert show.markdown(Results.read(tmp_path / "bench.json")) == show.markdown(made)


def test_what_is_kept_is_of_one_run(tmp_path):
    """`keep` writes numbers, tables and chart, and leaves the text around the tables: from the numbers that are kept, the same."""
    folder = shutil.copytree(ROOT / "tests/bench", tmp_path / "bench")
    kept = {name: (folder / name).read_text() for name in ("README.md", "chart.svg", "results.json")}
    (tmp_path / "bench.json").write_text(kept["results.json"])
    tables = re.compile(r"(<!-- written by make bench-keep -->\n).+?(<!-- to here -->\n)", re.S)
    emptied, count = tables.subn(r"\1\2", kept["README.md"])
    assert count == 1
    for name, text in (("README.md", emptied), ("chart.svg", ""), ("results.json", "")):
        (folder / name).write_text(text)
    subprocess.run([folder / "keep", tmp_path], check=True, timeout=60)
    assert [name for name, text in kept.items() if (folder / name).read_text() != text] == []


def test_the_chart_has_a_bar_and_a_tick_for_each_mark():
    made = results(FULL, "ms", hitch=0.5, haproxy=0.4, no=0.448, rewrite=0.4)
    drawn = xml.etree.ElementTree.fromstring(chart.draw(made))
    bars = [each for each in drawn.iter() if each.get("width", "12") not in ("12", "100%") and each.tag.endswith("rect")]
    assert len(bars) == 2
    assert len([each for each in drawn.iter() if each.get("class") == "mark"]) == 2
    assert "1.12, missed" in [each.text for each in drawn.iter()]
