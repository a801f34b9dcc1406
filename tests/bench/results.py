"""What has been measured: numbers by row and column, their medians, and how they stand to the best peer and to the marks."""
import dataclasses
import json
import re
import statistics

from floor import FLOORS
from marks import MARKS, compared


@dataclasses.dataclass(frozen=True)
class Verdict:
    """How a column of popgate does in a row: the number that it may have at most, as a ratio to the best peer or as it is."""

    value: float
    allowed: float
    relative: bool

    @property
    def reached(self):
        return self.value <= self.allowed


def ratio(numbers, base):
    """
    The median of the rounds' ratios: what else a machine does comes and goes, and is nearly the same for two that are measured one
    behind the other. None where there was nothing to compare with.
    """
    ratios = [number / least for number, least in zip(numbers, base) if least]
    return statistics.median(ratios) if ratios else None


def exact(number):
    """As exact as a measurement is."""
    return float(f"{number:.5g}")


class Results:
    """Everything a run of the bench brings, as JSON keeps it."""

    def __init__(self, columns, machine, rounds, whole):
        self.columns = [{"name": column.name, "kind": column.kind, "marks": column.marks} for column in columns]
        self.machine, self.rounds, self.whole = machine, rounds, whole
        self.rows, self.growth, self.floor, self.parts, self.notes = {}, {}, {}, {}, []

    def note(self, row, column, number):
        """One measurement of a row; the rows are shown in the order in which they first come."""
        known = self.rows.setdefault(row.name, {"unit": row.unit, "digits": row.digits, "numbers": {}})
        known["numbers"].setdefault(column, []).append(exact(number))

    def note_growth(self, kind, size, number):
        known = self.growth.setdefault(kind.name, {"unit": kind.unit, "digits": kind.digits, "most": kind.most, "beside": kind.beside,
                                                   "numbers": {}})
        known["numbers"].setdefault(str(size), []).append(exact(number))

    def note_floor(self, numbers):
        for name, number in numbers.items():
            self.floor.setdefault(name, []).append(exact(number))

    def remark(self, text):
        """One of remarks(); what was said before is not said again."""
        if text not in self.notes:
            self.notes.append(text)

    def note_part(self, column, row, part):
        """A column does only so much of the work of a row, since it takes long."""
        self.parts.setdefault(column, {})[row] = exact(part)

    def remarks(self):
        """What a reader has to know beside the numbers."""
        for column, parts in self.parts.items():
            yield f"{column} is slow and does less work: " + "; ".join(f"{part:.0%} in {row}" for row, part in parts.items())
        yield from self.notes

    def numbers(self, row, column):
        return self.rows[row]["numbers"].get(column, [])

    def median(self, row, column):
        numbers = self.numbers(row, column)
        return statistics.median(numbers) if numbers else None

    def of_kind(self, *kinds):
        return [column for column in self.columns if column["kind"] in kinds]

    def best_peer(self, row):
        """The name and the number of the peer with the least; (None, None) where there is none, or where that says nothing."""
        known = [(number, column["name"]) for column in self.of_kind("peer")
                 if compared(row) and (number := self.median(row, column["name"])) is not None]
        return min(known)[::-1] if known else (None, None)

    def ratio_to_best(self, row, column):
        """None where there is nothing to compare with."""
        best, numbers = self.best_peer(row)[0], self.numbers(row, column)
        return ratio(numbers, self.numbers(row, best)) if best and numbers else None

    def floor_medians(self):
        return {name: statistics.median(numbers) for name, numbers in self.floor.items()}

    def floor_of(self, row):
        """What the row's number cannot be below on this machine; None where that is not known."""
        known = self.floor_medians()
        return FLOORS[row][1](known) if row in FLOORS and known else None

    def verdict(self, row, column):
        """Of a column of popgate; None where there is no mark, or nothing to compare with."""
        mark, best = MARKS.get(row, {}).get(column["marks"]), self.best_peer(row)[1]
        value = mark and (self.ratio_to_best if mark.relative else self.median)(row, column["name"])
        if value is None:
            return None
        allowed = mark.allowed(best, self.floor_medians(), row)
        return Verdict(value, allowed / best if mark.relative else allowed, mark.relative)

    def growth_ratio(self, name):
        """How often the cost at the least of sizes that at the greatest is."""
        first, *_, last = self.growth[name]["numbers"].values()
        return ratio(last, first)

    def growth_verdict(self, name):
        """None where there is no mark."""
        known = self.growth[name]
        if not known["most"]:
            return None
        beside = self.growth_ratio(known["beside"]) if known["beside"] in self.growth else 1
        return Verdict(self.growth_ratio(name), known["most"] * max(1, beside), True)

    def write(self, path):
        """As JSON, the numbers of a cell on one line."""
        text = json.dumps(vars(self), indent=1)
        path.write_text(re.sub(r"\[[^][{}\"]*\]", lambda found: " ".join(found[0].split()), text) + "\n")

    @classmethod
    def read(cls, path):
        results = cls.__new__(cls)
        vars(results).update(json.loads(path.read_text()))
        return results
