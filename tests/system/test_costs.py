"""No change makes a login, a message or a score dearer unseen: the counts of instructions and system calls are kept."""
import json
import shutil

import pytest

import costs
from places import ASAN, POPGATE

ALLOWED = 0.03
KEPT = json.loads(costs.KEPT.read_text())
AGAIN = "`make costs` measures all of them again; commit tests/system/costs.json with the change that it belongs to"


TRIES = 3  # a busy machine may cut what a peer sends in two: what is wrong each time is no matter of the machine


def changed(kind, now):
    """What has become cheaper too: else the next change could take that back unseen."""
    return {row: f"{row}: {KEPT[kind][row]} {kind} were kept, {number} are counted now, {number / KEPT[kind][row] - 1:+.1%}"
            for row, number in now.items() if abs(number / KEPT[kind][row] - 1) > ALLOWED}


def compare(kind, new_folder):
    rows = KEPT[kind]
    for _ in range(TRIES):
        rows = changed(kind, costs.measure(new_folder("costs"), kind, list(rows)))
        if not rows:
            return
    pytest.fail("\n".join([*rows.values(), AGAIN]), pytrace=False)


def test_all_rows_are_kept():
    assert set(KEPT["instructions"]) == {*costs.ROWS, costs.SCORE} and set(KEPT["calls"]) == set(costs.ROWS), AGAIN


@pytest.fixture(autouse=True)
def release():
    if ASAN or not POPGATE.parent.name.startswith("release"):
        pytest.skip("what was counted is a release build")


def test_instructions(new_folder):
    if not shutil.which("valgrind"):
        pytest.skip("valgrind is not installed")
    here = costs.environment()
    other = [f"{name} {here.get(name)}, not {version}" for name, version in KEPT["environment"].items() if here.get(name) != version]
    if other:
        pytest.skip(f"what was counted is another environment: {', '.join(other)}; {AGAIN}")
    compare("instructions", new_folder)


def test_system_calls(new_folder):
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    compare("calls", new_folder)
