"""What popgate has to reach: in each row a ratio to the best peer of the same run, for each of the columns of popgate.

A mark of a row may allow more than a ratio: SHA-256 of the octets, as fast as `openssl speed` has it, and milliseconds for
each message.
"""
import dataclasses

from work import GB, KB, MB


@dataclasses.dataclass(frozen=True)
class Mark:
    ratio: float
    sha256: bool = False        # and the digest of what goes through
    milliseconds: float = 0     # and so much for each message

    def allowed(self, best, floor, message):
        """The number of the row that just reaches the mark; `message` is the octets of one, where the row is of messages."""
        extra = floor.get("sha256_seconds_per_gb", 0) if self.sha256 else 0
        if self.milliseconds:
            extra += self.milliseconds / 1e3 * GB / message
        return self.ratio * best + extra


def row(*marks):
    """The marks of the columns, in this order; a number is a ratio."""
    columns = ("no filters", "header-rewrite", "rewrite + audit-log", "all three")
    return {column: mark if isinstance(mark, Mark) else Mark(mark) for column, mark in zip(columns, marks)}


SESSIONS = row(0.95, 0.95, 1.1, 1.1)
BULK = row(1.0, 1.0, Mark(1.0, sha256=True), Mark(1.0, sha256=True, milliseconds=1))
TIMES = row(1.0, 1.0, 1.1, 1.3)
MEMORY = row(0.9, 0.9, 0.9, 0.9)

MARKS = {
    "login sessions, TLS, full handshake": SESSIONS,
    "login sessions, TLS, resumed": SESSIONS,
    "login sessions, STLS": SESSIONS,
    "login sessions, plain": SESSIONS,
    "RETR of 4 KB, one by one, TLS": row(0.85, 0.95, 1.1, 2),
    "RETR of 4 KB, pipelined, TLS": row(0.9, 1.0, 1.3, 3),
    "messages of 64 KB, TLS": BULK,
    "messages of 1 MB, TLS": BULK,
    "login at equal load, p99": TIMES,
    "RETR of 64 KB at equal load, p99": TIMES,
    "memory of an idle TLS session, 1,000 held": MEMORY,
    "memory of an idle TLS session, 10,000 held": MEMORY,
}

MESSAGE_OCTETS = {"messages of 64 KB, TLS": 64 * KB, "messages of 1 MB, TLS": MB}
