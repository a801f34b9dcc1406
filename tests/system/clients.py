"""Real mail programs, each as a function that fetches a whole mailbox: a list of what it delivered, one item a message."""
import contextlib
import functools
import json
import mailbox
import os
import poplib
import shutil
import ssl
import subprocess

import pytest

from places import BUILD, HERE, HOST, run, terminal
from unpacked import unpack

TLS = ("none", "stls", "implicit")


class Place:
    """Where a client goes: a port of 127.0.0.1, how TLS starts there, and the authority that its certificate must be from."""

    def __init__(self, port, tls="none", ca=None):
        self.port, self.tls, self.ca = port, tls, ca

    def context(self):
        return ssl.create_default_context(cafile=self.ca)


def need(program):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")


@contextlib.contextmanager
def poplib_session(place, account, timeout=30):
    if place.tls == "implicit":
        pop = poplib.POP3_SSL("localhost", place.port, timeout=timeout, context=place.context())
    else:
        pop = poplib.POP3("localhost", place.port, timeout=timeout)
        if place.tls == "stls":
            pop.stls(place.context())
    try:
        if account:
            pop.user(account.user.decode())
            pop.pass_(account.password.decode())
        yield pop
        pop.quit()
    finally:
        pop.close()


def fetch_poplib(place, account, folder):
    with poplib_session(place, account) as pop:
        return [b"".join(line + b"\r\n" for line in pop.retr(number + 1)[1]) for number in range(pop.stat()[0])]


def curl(place, account, *more, path="", check=True):
    """curl on one URL; its CompletedProcess."""
    need("curl")
    scheme = "pop3s" if place.tls == "implicit" else "pop3"
    tls = {"none": (), "stls": ("--ssl-reqd", "--cacert", place.ca), "implicit": ("--cacert", place.ca)}[place.tls]
    login = (account.user + b":" + account.password).decode()
    return run("curl", "-sS", "-m", "30", "-u", login, *tls, *more, f"{scheme}://{HOST}:{place.port}/{path}", check=check)


def fetch_curl(place, account, folder):
    count = len(curl(place, account).stdout.splitlines())
    if count:
        curl(place, account, "-o", folder / "#1", path=f"[1-{count}]")
    return [(folder / str(number + 1)).read_bytes() for number in range(count)]


FETCHMAILRC = """
set invisible
set no bouncemail
poll localhost service {port} protocol pop3 {auth} timeout 20
    user "{user}" password "{password}"
    {tls} fetchall keep no rewrite no mimedecode no dropstatus mda "{mda}"
"""
FETCHMAIL_TLS = {"none": 'sslproto ""', "stls": 'sslproto "tls1.2+" sslcertck sslcertfile "{ca}"',
                 "implicit": 'ssl sslcertck sslcertfile "{ca}"'}


def fetchmail(place, account, folder, auth="", check=True):
    need("fetchmail")
    deliver = folder / "deliver"
    deliver.write_text(f'#!/bin/sh\nn=$(ls "{folder}" | grep -c "^m[0-9]")\ncat > "{folder}/m$(printf %05d $n)"\n')
    deliver.chmod(0o700)
    rc = folder / "fetchmailrc"
    rc.write_text(FETCHMAILRC.format(port=place.port, user=account.user.decode(), password=account.password.decode(), auth=auth,
                                     mda=deliver, tls=FETCHMAIL_TLS[place.tls].format(ca=place.ca)))
    rc.chmod(0o600)
    return run("fetchmail", "-f", rc, "-i", folder / "ids", "--pidfile", folder / "pid", "--nodetach", "--nosyslog",
               env=dict(os.environ, HOME=str(folder), FETCHMAILHOME=str(folder)), check=check)


def fetch_fetchmail(place, account, folder):
    fetchmail(place, account, folder)
    return [file.read_bytes() for file in sorted(folder.glob("m[0-9]*"))]


MPOPRC = """
account default
host localhost
port {port}
user {user}
password {password}
auth {auth}
{tls}
tls_fingerprint
keep on
received_header off
uidls_file {folder}/uidls
delivery maildir {folder}/Maildir
"""
MPOP_TLS = {"none": "tls off", "stls": "tls on\ntls_starttls on\ntls_trust_file {ca}",
            "implicit": "tls on\ntls_starttls off\ntls_trust_file {ca}"}


def mpop(place, account, folder, auth="user", pipelining="auto", check=True, timeout=60):
    need("mpop")
    mailbox.Maildir(folder / "Maildir", create=True)
    rc = folder / "mpoprc"
    rc.write_text(MPOPRC.format(port=place.port, user=account.user.decode(), password=account.password.decode(), folder=folder,
                                auth=auth, tls=MPOP_TLS[place.tls].format(ca=place.ca)))
    rc.chmod(0o600)
    return run("mpop", "-C", rc, f"--pipelining={pipelining}", check=check, timeout=timeout)


def fetch_mpop(place, account, folder):
    mpop(place, account, folder)
    return [file.read_bytes() for file in sorted((folder / "Maildir/new").iterdir(), key=mpop_order)]


def mpop_order(file):
    """mpop names its files SECONDS.M..P..QCOUNT.HOST."""
    return int(file.name.split(".")[1].rpartition("Q")[2])


def mutt(place, account, folder):
    """Opens the mailbox and leaves it. It needs a terminal, with a size."""
    for end in terminal():
        os.close(end)
    tree = unpack("mutt")
    environment = {**tree.environment(), "TERM": "xterm", "HOME": str(folder)}
    file = folder / "muttrc"
    options = f'folder="{folder}" dotlock_program=/bin/true move=no quit=yes ssl_starttls=no ssl_force_tls=no'
    file.write_text(f'set pop_pass="{account.password.decode()}" {options}\npush "<exit>"\n')
    command = f"stty rows 24 cols 80; {tree / 'usr/bin/mutt'} -n -F {file} -f pop://{account.user.decode()}@{HOST}:{place.port}/"
    run("script", "-qec", command, "/dev/null", env=environment, input=b"")


@functools.cache
def node_pop3():
    """The folder with npm's node-pop3, installed once; None where npm cannot get it."""
    folder = BUILD / "node"
    if (folder / "node_modules/node-pop3").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    try:
        done = run("npm", "install", "--no-audit", "--no-fund", "--fetch-retries=0", "--prefix", folder,
                   "node-pop3@0.11.0", check=False)
    except subprocess.TimeoutExpired:
        return None
    return folder if done.returncode == 0 else None


def fetch_node(place, account, folder):
    need("npm")
    if node_pop3() is None:
        pytest.skip("npm cannot install node-pop3")
    job = dict(port=place.port, tls=place.tls == "implicit", ca=str(place.ca), user=account.user.decode(),
               password=account.password.decode(), module=str(node_pop3() / "node_modules/node-pop3/lib/Command.cjs"))
    done = run("node", HERE / "fetch_node.js", json.dumps(job))
    return [message.encode("latin-1") for message in json.loads(done.stdout)]


FETCH = {"poplib": fetch_poplib, "curl": fetch_curl, "fetchmail": fetch_fetchmail, "mpop": fetch_mpop, "node": fetch_node}
KEEPS_CRLF = ("poplib", "curl")
