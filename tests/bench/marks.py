"""What popgate has to reach: in each row a ratio to the best peer of the same run, or a limit, for each of its columns."""
import dataclasses

from work import GB, KB, MB


@dataclasses.dataclass(frozen=True)
class Mark:
    """Times the best peer; and where a filter has work that no peer does, what that work takes, in full or times the ratio, too."""

    ratio: float
    sha256: bool = False        # the digest of what goes through, as fast as `openssl speed` has it
    milliseconds: float = 0     # for each message
    together: bool = False      # the ratio is that to the peer with this work
    relative = True

    def allowed(self, best, floor, row):
        """The number of the row that just reaches the mark."""
        octets = MESSAGE_OCTETS.get(row, 0)
        seconds = self.milliseconds / 1e3 + (floor.get("sha256_s_per_gb", 0) * octets / GB if self.sha256 else 0)
        extra = (seconds * 1e6 if row.startswith("RETR") else seconds * GB / octets) if seconds else 0
        return self.ratio * (best + extra) if self.together else self.ratio * best + extra


@dataclasses.dataclass(frozen=True)
class Limit:
    """A number of the row's own unit, whatever the peers do."""

    most: float
    relative = False

    def allowed(self, *_):
        return self.most


def row(*marks):
    """The marks of the columns, in this order; a number is a ratio."""
    columns = ("no filters", "header-rewrite", "rewrite + audit-log", "all three", "all three each time")
    return {column: Mark(mark) if isinstance(mark, (int, float)) else mark for column, mark in zip(columns, marks)}


def all_columns(mark):
    return row(*[mark] * 5)


SESSIONS = row(0.95, 0.95, 1.1, 1.1, 1.1)
SCORED = Mark(1.0, sha256=True, milliseconds=1)
BULK = row(1.0, 1.0, Mark(1.0, sha256=True), SCORED, SCORED)
SERVED = row(0.85, 0.85, 0.95, 0.95)
DIGEST = Mark(1.1, sha256=True, together=True)
TIMES = row(1.0, 1.0, 1.1, 1.3, 1.3)

MARKS = {
    "login sessions, TLS, full handshake": SESSIONS,
    "login sessions, TLS, resumed": SESSIONS,
    "login sessions, STLS": SESSIONS,
    "login sessions, plain": SESSIONS,
    "RETR of 4 KB, one by one, TLS": row(0.85, 0.95, 1.1, 2, 2),
    "login sessions, plain, TLS to the server, full": row(0.95, 0.95, 1.0, 1.0),
    "login sessions, plain, TLS to the server, resumed": SERVED,
    "login sessions, TLS, full, TLS to the server": SERVED,
    "RETR of 4 KB, pipelined, TLS": row(0.9, 1.0, DIGEST, 3, 3),
    "messages of 64 KB, TLS": BULK,
    "messages of 1 MB, TLS": BULK,
    "RETR of 4 KB, one by one, TLS, TLS to the server": row(0.95, 1.0, DIGEST, DIGEST),
    "messages of 64 KB, TLS, TLS to the server": row(0.9, 0.9, DIGEST, DIGEST),
    "messages of 1 MB, TLS, TLS to the server": row(0.95, 0.95, DIGEST, DIGEST),
    "login at equal load, p99": TIMES,
    "RETR of 64 KB at equal load, p99": TIMES,
    "memory of an idle TLS session, 1,000 held": all_columns(0.9),
    "memory of an idle TLS session, 10,000 held": all_columns(0.9),
    "memory of an idle session, TLS on both sides, 1,000 held": all_columns(0.9),
    "memory that stays when 10,000 sessions have left, part of theirs": all_columns(Limit(10)),
    "a new session beside 10,000, times one alone": all_columns(Limit(1.1)),
    "memory while a message of 1 GB passes, more than before": all_columns(Limit(1)),
}

MESSAGE_OCTETS = {name: octets for kind, octets in (("RETR of 4 KB, one by one, TLS", 4 * KB), ("RETR of 4 KB, pipelined, TLS", 4 * KB),
                                                    ("messages of 64 KB, TLS", 64 * KB), ("messages of 1 MB, TLS", MB))
                  for name in (kind, kind + ", TLS to the server")}


def compared(row):
    """Is a row's number one that stands to the best peer's? Else it is looked at as it is."""
    return all(mark.relative for mark in MARKS.get(row, {}).values())
