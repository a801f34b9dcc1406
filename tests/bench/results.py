"""What has been measured: numbers by row and column, their medians, and how they stand to the best peer and to the marks."""
import dataclasses
import json
import statistics

from marks import MARKS, MESSAGE_OCTETS


@dataclasses.dataclass(frozen=True)
class Verdict:
    """How a column of popgate does in a row: as ratios to the best peer."""

    ratio: float
    mark: float

    @property
    def reached(self):
        return self.ratio <= self.mark


class Results:
    """Everything a run of the bench brings, as JSON keeps it."""

    def __init__(self, columns, machine, quick):
        self.columns = [{"name": column.name, "kind": column.kind, "marks": column.marks} for column in columns]
        self.machine, self.quick = machine, quick
        self.rows, self.floor, self.notes = {}, {}, []

    def note(self, row, column, number):
        """One measurement of a row; the rows are shown in the order in which they first come."""
        known = self.rows.setdefault(row.name, {"unit": row.unit, "digits": row.digits, "numbers": {}})
        known["numbers"].setdefault(column, []).append(number)

    def remark(self, text):
        """What a reader has to know beside the numbers."""
        if text not in self.notes:
            self.notes.append(text)

    def numbers(self, row, column):
        return self.rows[row]["numbers"].get(column, [])

    def median(self, row, column):
        numbers = self.numbers(row, column)
        return statistics.median(numbers) if numbers else None

    def names(self, kind):
        return [column["name"] for column in self.columns if column["kind"] == kind]

    def best_peer(self, row):
        """The name and the number of the peer with the least; or None."""
        known = [(number, name) for name in self.names("peer") if (number := self.median(row, name)) is not None]
        return min(known)[::-1] if known else None

    def verdict(self, row, column):
        """Of a column of popgate; None where there is no mark, or nothing to compare with."""
        best, mark = self.best_peer(row), MARKS.get(row, {}).get(column["marks"])
        number = self.median(row, column["name"])
        if best is None or mark is None or number is None:
            return None
        return Verdict(number / best[1], mark.allowed(best[1], self.floor, MESSAGE_OCTETS.get(row)) / best[1])

    def write(self, path):
        path.write_text(json.dumps(vars(self), indent=1) + "\n")

    @classmethod
    def read(cls, path):
        results = cls.__new__(cls)
        vars(results).update(json.loads(path.read_text()))
        return results
