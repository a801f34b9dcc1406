"""A real Dovecot from a generated configuration in a temporary folder: POP3, STLS and POP3S on free ports."""
import grp
import os
import re
import shutil
import signal
import subprocess

import secrets_sent
from places import AS_ROOT, HOST, UNPRIVILEGED, free_port, give_away, listens, run, wait_until

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = pop3
listen = {host}
ssl = yes
auth_mechanisms = plain login cram-md5 apop
mail_max_userip_connections = 100
mail_fsync = never
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
first_valid_gid = 1
pop3_no_flag_updates = no
service anvil {{
  chroot =
}}
service auth {{
  client_limit = 2000
}}
service stats {{
  chroot =
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {port}
  }}
  inet_listener pop3s {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""

# What versions of Dovecot have words of their own for, in front of the rest: 2.4 wants to read first which language it is.
DIALECT_2_3 = """
ssl_cert = <{certificate}
ssl_key = <{certificate}
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
pop3_uidl_format = %f
service pop3-login {{
  service_count = 0
}}
service pop3 {{
  service_count = 0
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = home={folder}/mail/{name} allow_all_users=yes
}}
"""
DIALECT_2_4 = """
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
ssl_server_cert_file = {certificate}
ssl_server_key_file = {certificate}
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = ~/Maildir
pop3_uidl_format = %{{filename}}
service pop3-login {{
  restart_request_count = unlimited
}}
service pop3 {{
  restart_request_count = unlimited
}}
passdb static {{
  password = {password}
}}
userdb static {{
  allow_all_users = yes
  fields {{
    home = {folder}/mail/{name}
  }}
}}
"""
NO_PENALTY = """
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""
OWN = """
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
"""
GROUP = "nogroup" if AS_ROOT else grp.getgrgid(os.getegid()).gr_name
PROGRAM = shutil.which("dovecot", path=os.environ["PATH"] + ":/usr/sbin")


def version():
    """Dovecot's, as numbers, like (2, 3, 19)."""
    return tuple(map(int, re.match(rb"[\d.]+", run(PROGRAM, "--version").stdout)[0].split(b".")))


class Dovecot:
    """port: plain and STLS; tls_port: implicit TLS. `more`: its own lines, instead of those that never slow a guesser down."""

    def __init__(self, folder, certificate, more=None):
        self.folder = folder
        self.port, self.tls_port = free_port(), free_port()
        for part in ("run", "mail", "state"):
            (folder / part).mkdir(mode=0o755, parents=True)
        give_away(folder / "mail")
        config = folder / "dovecot.conf"
        dialect, name = (DIALECT_2_4, "%{user}") if version() >= (2, 4) else (DIALECT_2_3, "%u")
        own = "" if AS_ROOT else OWN
        config.write_text((dialect + CONFIG + own + (NO_PENALTY if more is None else "")).format(
            folder=folder, host=HOST, port=self.port, tls_port=self.tls_port, user=UNPRIVILEGED, group=GROUP,
            certificate=certificate, name=name, password=secrets_sent.PASSWORD % name) + (more or ""))
        self.process = subprocess.Popen([PROGRAM, "-F", "-c", config], start_new_session=True)
        wait_until(lambda: listens(self.port) and listens(self.tls_port), what="Dovecot listens")

    def mailbox(self, user, messages):
        """A new user with these messages (CR LF, as they are to be served), in this order."""
        account = secrets_sent.account(user)
        new = self.folder / "mail" / user / "Maildir" / "new"
        for part in ("cur", "new", "tmp"):
            new.with_name(part).mkdir(parents=True)
        for number, message in enumerate(messages, 1):
            file = new / f"{1_700_000_000 + number}.M{number:06}P1.test"
            file.write_bytes(message.replace(b"\r\n", b"\n"))
        give_away(self.folder / "mail" / user)
        return account

    def left(self, user):
        """How many messages the user's Maildir holds."""
        maildir = self.folder / "mail" / user / "Maildir"
        return sum(1 for part in ("cur", "new") for _ in (maildir / part).iterdir())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
