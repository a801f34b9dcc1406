"""What the rules of a spam-score filter take in the memory of the master and of workers that have scored."""
import collections
import os
import pathlib
import poplib
import pwd
import re
import shutil
import socketserver
import tempfile
import threading

from machine import PROXY_CORE, free_port, processor_seconds_of, start, stop, tree, wait_until_it_listens

Memory = collections.namedtuple("Memory", "master worker")  # octets: resident; what a worker shares with nobody

USER = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
WORKERS, BATCHES_MAX = 2, 20

CONF = """\
workers   = {workers}
user      = "{user}"
log       = "popgate.log"
log_level = "warning"
spool_dir = "spool"
listener "plain" {{ address = {{ "127.0.0.1:{port}" }}  tls = "none"  upstream = "mail"  filters = {{ "score" }} }}
upstream "mail" {{ server = {{ "127.0.0.1:{upstream}" }} }}
filter "score" {{ module = "spam-score"  rules = {{ "{rules}" }} }}
"""


class Maildrop(socketserver.StreamRequestHandler):
    """A POP3 session with the messages of the server; each user has them all."""

    def say(self, *lines):
        self.wfile.write(b"".join(line + b"\r\n" for line in lines))

    def handle(self):
        self.say(b"+OK ready")
        for line in self.rfile:
            word, _, argument = line.strip().partition(b" ")
            if word.upper() == b"QUIT":
                self.say(b"+OK")
                return
            answer = getattr(self, word.decode().lower(), None)
            self.say(*(answer(argument) if answer else [b"-ERR unknown"]))

    def user(self, _):
        return [b"+OK"]

    def listing(self, number, describe):
        numbers = range(1, len(self.server.texts) + 1)
        if number:
            return [b"+OK %d %s" % (int(number), describe(int(number)))]
        return [b"+OK", *(b"%d %s" % (each, describe(each)) for each in numbers), b"."]

    def list(self, number):
        return self.listing(number, lambda each: b"%d" % len(self.server.texts[each - 1]))

    def uidl(self, number):
        return self.listing(number, lambda each: b"message-%d" % each)

    def retr(self, number):
        return [b"+OK", *self.server.texts[int(number) - 1], b"."]


setattr(Maildrop, "pass", Maildrop.user)  # the word is Python's


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, texts):
        super().__init__(("127.0.0.1", 0), Maildrop)
        self.texts = [[b"." + line if line.startswith(b".") else line for line in text.splitlines()] for text in texts]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """A session that ends while a message is on its way is popgate's way to end."""


def fetch_all(port, user, count):
    client = poplib.POP3("127.0.0.1", port, timeout=60)
    client.user(user)
    client.pass_("x")
    for number in range(1, count + 1):
        client.retr(number)
    client.quit()


def workers_of(master):
    return [pid for pid in tree(master)[1:] if "popgate-worker" in pathlib.Path(f"/proc/{pid}/comm").read_text()]


def score_everywhere(master, port, count):
    """Sessions side by side, each with a user of its own since verdicts are remembered, until all workers had their share."""
    poplib._MAXLINE = 1 << 20
    for batch in range(BATCHES_MAX):
        sessions = [threading.Thread(target=fetch_all, args=(port, f"user{batch}-{number}", count)) for number in range(2 * WORKERS)]
        for session in sessions:
            session.start()
        for session in sessions:
            session.join()
        used = [processor_seconds_of(pid) for pid in workers_of(master)]
        if min(used) > sum(used) / (2 * WORKERS):
            return
    raise RuntimeError("a worker was given no sessions")


def of_process(pid, field):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * int(re.search(rf"^{field}:\s+(\d+) kB", text, re.M)[1])


def measure(build, folder, rules, texts):
    """The Memory of a popgate with these rules, a path or "", after all its workers scored these messages."""
    place = pathlib.Path(tempfile.mkdtemp(dir=folder))
    place.chmod(0o755)
    (place / "spool").mkdir()
    shutil.chown(place / "spool", USER)
    (place / "none.cf").touch()
    server, port = Server(texts), free_port()
    (place / "proxy.conf").write_text(CONF.format(workers=WORKERS, user=USER, port=port, upstream=server.server_address[1],
                                                  rules=rules or place / "none.cf"))
    with open(place / "stderr", "w", encoding="utf-8") as stderr:
        process = start(PROXY_CORE, build / "popgate", "-c", place / "proxy.conf", stderr=stderr)
    try:
        if not wait_until_it_listens(process, port, 30):
            raise RuntimeError("popgate does not listen: " + (place / "stderr").read_text())
        score_everywhere(process.pid, port, len(texts))
        workers = workers_of(process.pid)
        return Memory(of_process(process.pid, "Rss"), sum(of_process(pid, "Private_Dirty") for pid in workers) / len(workers))
    finally:
        stop(process)
        server.shutdown()
        server.server_close()
