"""GNU Mailutils' pop3d, a second real server, unpacked from Debian's packages into build/servers (they conflict with Dovecot's)."""
import os
import re
import signal
import subprocess

import pytest

import secrets_sent
from places import AS_ROOT, HOST, UNPRIVILEGED, free_port, give_away, listens, run, wait_until
from unpacked import unpack

CONFIG = """
mode daemon;
foreground yes;
pidfile "{folder}/pid";
mandatory-locking {{ enable yes; lock-directory "{folder}/locks"; }};
tcp-wrappers {{ enable no; }};
logging {{ syslog no; }};
auth {{ authentication generic; authorization virtdomain; }};
virtdomain {{ passwd-dir "{folder}/domains"; }};
apop-database-file "{folder}/apop.db";
apop-database-safety none;
server {host}:{port} {{ }};
"""


class Mailutils:
    """Speaks plain POP3 on `port`. It answers "+OK" without a text, and its CAPA has a line that is wrong ("EXPIRENEVER")."""

    def __init__(self, folder):
        if not AS_ROOT:
            pytest.skip("Mailutils' pop3d serves its users only as root")
        self.tree = unpack("mailutils-pop3d")
        self.folder, self.port = folder, free_port()
        for part in ("locks", "domains", "home"):
            (folder / part).mkdir(mode=0o755, parents=True)
        (folder / "locks").chmod(0o777)
        run(self.tree / "usr/bin/popauth", "--create", "--output", folder / "apop.db", env=self.tree.environment(),
            input=b"")
        config = folder / "pop3d.conf"
        config.write_text(CONFIG.format(folder=folder, host=HOST, port=self.port))
        log = (folder / "pop3d.log").open("wb")
        self.process = subprocess.Popen([self.tree / "usr/sbin/pop3d", f"--config-file={config}"], stderr=log, stdout=log,
                                        env=self.tree.environment(), start_new_session=True)
        wait_until(lambda: listens(self.port), what="pop3d listens")

    def mailbox(self, user, messages):
        account = secrets_sent.account(user)
        inbox = self.folder / "home" / user / "INBOX"
        for part in ("cur", "new", "tmp"):
            (inbox / part).mkdir(parents=True)
        for number, message in enumerate(messages, 1):
            (inbox / "cur" / f"{number:06}.test:2,").write_bytes(message.replace(b"\r\n", b"\n"))
        give_away(inbox.parent)
        digest = run("openssl", "passwd", "-1", account.password.decode()).stdout.decode().strip()
        number = re.search(r"uid=(\d+).*gid=(\d+)", run("id", UNPRIVILEGED).stdout.decode())
        with (self.folder / "domains/test.example").open("a") as users:
            users.write(f"{user}:{digest}:{number[1]}:{number[2]}::{inbox.parent}:/bin/sh\n")
        account = account._replace(user=account.user + b"@test.example")
        run(self.tree / "usr/bin/popauth", "--add", "--file", self.folder / "apop.db", "--password",
            account.password.decode(), "--user", account.user.decode(), env=self.tree.environment())
        return account

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(10)
