"""Rules are tried by a process that may die of them: what it does not survive is no rule of the service's."""
import subprocess

import pytest

import filters
import mail
import secrets_sent
from places import AS_ROOT, POPGATE, wait_until
from popgate import check
from scripted import Maildrop
from wire import Wire

BOB = secrets_sent.account("trial-bob")
MAIL = [mail.message("Cheap pills", b"order your pills now\r\n")]
DIES = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

FILE *fopen(const char *path, const char *mode) {
    FILE *(*real)(const char *, const char *) = (FILE *(*)(const char *, const char *))dlsym(RTLD_NEXT, "fopen");
    const char *name = strrchr(path, '/');

    if (name != NULL && strcmp(name, "/rules.cf") == 0) {
        char  text[64] = "";
        FILE *file = real(path, mode);

        if (file != NULL && fgets(text, sizeof(text), file) != NULL && strncmp(text, "# deadly", 8) == 0)
            *(volatile int *)0 = 0;
        if (file != NULL)
            fclose(file);
    }
    return real(path, mode);
}
"""


@pytest.fixture
def deadly(folder, monkeypatch, binary):
    """A rule file that begins with "# deadly" kills who reads it, as a fault of PCRE2 or of popgate would."""
    (folder / "dies.c").write_text(DIES)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "dies.so", folder / "dies.c"], check=True)
    if b"__asan_init" in binary.read_bytes():
        pytest.skip("the sanitizer's library has to be the first one")
    monkeypatch.setenv("LD_PRELOAD", str(folder / "dies.so"))


def scores(running):
    with Wire(running.port) as client:
        assert b"X-Spam-Flag: YES" in client.login(BOB).fetch(b"RETR 1")


def test_a_reload_with_deadly_rules_leaves_the_service_as_it_was(server, gate, folder, deadly):
    running = gate(server(Maildrop(MAIL)).port, filters=filters.score(folder))
    rules, workers = folder / "rules.cf", running.workers()
    rules.write_text("# deadly\n")
    running.reload()
    running.wait_log(r"error: .*proxy.conf: the process that tried it was killed by signal 11 \(Segmentation fault\)")
    running.wait_log("has errors; the service goes on as it was")
    assert running.workers() == workers and running.process.poll() is None
    scores(running)
    rules.write_text(filters.SPAM_RULES)
    running.reload()
    wait_until(lambda: not set(running.workers()) & set(workers), what="new workers")
    scores(running)


def test_deadly_rules_are_an_error_of_the_test_and_of_the_start(folder, deadly):
    filters.score(folder, "# deadly\n")
    text = f'listener "in" {{ address = {{ "127.0.0.1:0" }} upstream = "server" filters = {{ "score" }} }}\n' \
           'upstream "server" { server = { "127.0.0.1:1" } }\n' \
           f'filter "score" {{ module = "spam-score" rules = {{ "{folder}/rules.cf" }} }}\nspool_dir = "/tmp"\n'
    code, said = check(folder, text)
    assert code == 1 and "killed by signal 11" in said
    done = subprocess.run([POPGATE, "-c", folder / "proxy.conf"], capture_output=True, timeout=15)
    assert done.returncode == 1 and b"killed by signal 11" in done.stderr


@pytest.mark.skipif(not AS_ROOT, reason="only root has workers with a user of their own")
def test_rules_are_read_as_the_workers_user(server, gate, folder):
    """A rule file cannot bring in what only root may read."""
    running = gate(server(Maildrop(MAIL)).port, filters=filters.score(folder))
    secret = folder / "secret.cf"
    secret.touch(mode=0o600)
    (folder / "rules.cf").write_text(f"include {secret}\n" + filters.SPAM_RULES)
    running.reload()
    running.wait_log(r"warning: .*secret\.cf.*Permission denied")
    (folder / "rules.cf").chmod(0o600)
    running.reload()
    running.wait_log(r"error: .*proxy.conf:\d+: rules .*rules.cf: Permission denied")
    running.wait_log("goes on as it was")
    scores(running)
