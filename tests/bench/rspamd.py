"""rspamd as the bench uses it: one scanning process with two modules, regexp and spamassassin, and nothing of the network."""
import http.client
import pathlib
import shutil
import time

from machine import LOAD_CORE, PROXY_CORE, free_port, processor_seconds_of, start, stop, tree, wait_until_it_listens

PLUGIN = pathlib.Path("/usr/share/rspamd/plugins/spamassassin.lua")
COMPILES_SECONDS = 300

CONF = """\
options {{
    filters = "regexp";
    pidfile = "{folder}/rspamd.pid";
    cache_file = "{folder}/symbols.cache";
    control_socket = "{folder}/rspamd.sock mode=0600";
    hs_cache_dir = "{cache}/";
    tempdir = "{folder}";
    url_tld = "/usr/share/rspamd/effective_tld_names.dat";
    task_timeout = 60s;
    dns {{ nameserver = ["127.0.0.1"]; timeout = 0.1s; retransmits = 1; }}
}}
logging {{ type = "file"; filename = "{folder}/log"; level = "{level}"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; mime = true; }}
modules {{ path = "{plugin}"; }}
spamassassin {{ base = "{rules}/*.cf"; }}
"""


def copy_patterns(rules, folder):
    """The rules without those that are functions: the module has few, and writes a line about each of the others for each mail."""
    folder.mkdir()
    for file in rules.glob("*.cf"):
        lines = file.read_bytes().splitlines(keepends=True)
        (folder / file.name).write_bytes(b"".join(line for line in lines if b"eval:" not in line))


def begin(rules, folder, cache):
    """An Rspamd; or None, and a line about it."""
    if not shutil.which("rspamd") or not PLUGIN.exists():
        print("rspamd is not there")
        return None
    try:
        return Rspamd(rules, folder, cache)
    except (OSError, RuntimeError) as error:
        print(f"rspamd is left out: {error}")
        return None


class Rspamd:
    """Started with its patterns compiled: that takes Hyperscan minutes, so what it made is kept in `cache`."""

    def __init__(self, rules, folder, cache):
        self.folder, self.cache, self.process = folder, cache, None
        cache.mkdir(parents=True, exist_ok=True)
        copy_patterns(rules, folder / "rules")
        try:
            self.run("info", f"{PROXY_CORE},{LOAD_CORE}")
            self.wait_for_patterns()
            self.stop()
            self.run("error", PROXY_CORE)
        except BaseException:
            self.stop()
            raise

    def run(self, level, core):
        self.port = free_port()
        conf = self.folder / "rspamd.conf"
        conf.write_text(CONF.format(folder=self.folder, cache=self.cache, level=level, port=self.port, plugin=PLUGIN,
                                    rules=self.folder / "rules"))
        with open(self.folder / "out", "w", encoding="utf-8") as out:
            self.process = start(core, "rspamd", "--no-fork", "--insecure", "-c", conf, stdout=out, stderr=out)
        if not wait_until_it_listens(self.process, self.port, 120):
            raise RuntimeError("rspamd does not listen")

    def wait_for_patterns(self):
        deadline = time.monotonic() + COMPILES_SECONDS
        while b"full hyperscan database of" not in (self.folder / "log").read_bytes():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError("rspamd does not compile its patterns")
            time.sleep(0.5)

    def score(self, texts):
        """Processor seconds that its scanning process takes for these messages."""
        pid = next(pid for pid in tree(self.process.pid) if b"normal process" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes())
        before = processor_seconds_of(pid)
        for text in texts:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            connection.request("POST", "/checkv2", text)
            answer = connection.getresponse()
            if answer.status != 200 or b'"symbols"' not in answer.read():
                raise RuntimeError("rspamd does not scan")
            connection.close()
        return processor_seconds_of(pid) - before

    def stop(self):
        if self.process:
            stop(self.process)
