"""POP3 octet by octet: the strict wire form of a message, and a client that shows exactly what it was sent."""
import base64
import hashlib
import hmac
import re
import socket

import secrets_sent
from places import HOST
from tls_socket import Cut, TlsSocket

END = b"\r\n.\r\n"


def stuff(text):
    """What a strict server sends for `text` behind its +OK line: dots stuffed after CR LF only, then the end."""
    wire = (b"." if text.startswith(b".") else b"") + text.replace(b"\r\n.", b"\r\n..")
    return wire + (b"" if wire.endswith(b"\r\n") or not wire else b"\r\n") + b".\r\n"


def unstuff(wire):
    """The text in a wire form with its end."""
    assert wire == b".\r\n" or wire.endswith(END), wire[-20:]
    return re.sub(rb"(\A|\r\n)\.", rb"\1", wire[:-3])


def crlf(text):
    """What promise 1 makes of a message that a strict server sends: bare LFs as CR LF, all else as it is, the last line ended."""
    return re.sub(rb"(?<!\r)\n", b"\r\n", unstuff(stuff(text)))


class Wire:
    """A raw client. Replies are returned as the octets that came."""

    def __init__(self, port, timeout=8, tls=None, name="localhost"):
        self.socket = socket.create_connection((HOST, port), timeout)
        self.buffer = b""
        self.name = name
        if tls:
            self.handshake(tls)

    def handshake(self, context, **options):
        self.socket = TlsSocket(self.socket, context, self.name, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(self.buffer)
        self.buffer += data

    def take(self, size):
        while len(self.buffer) < size:
            self.more()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def line(self):
        start = 0
        while (end := self.buffer.find(b"\r\n", start)) < 0:
            start = max(0, len(self.buffer) - 1)
            self.more()
        return self.take(end + 2)

    def listing(self):
        """All lines behind a status line up to the end, as they came."""
        start = 0
        while True:
            if self.buffer.startswith(b".\r\n"):
                return self.take(3)
            if (end := self.buffer.find(END, start)) >= 0:
                return self.take(end + len(END))
            start = max(0, len(self.buffer) - len(END))
            self.more()

    def ask(self, command):
        """Sends a command and returns the status line of its answer."""
        self.send(command + b"\r\n")
        return self.line()

    def fetch(self, command):
        """The text of a multi-line answer, which must be +OK."""
        status = self.ask(command)
        assert status.startswith(b"+OK"), (command, status)
        return unstuff(self.listing())

    def greet(self):
        greeting = self.line()
        assert greeting.startswith(b"+OK"), greeting
        return greeting

    def login(self, account):
        """Reads the greeting and logs in by USER and PASS."""
        self.greet()
        assert self.ask(b"USER " + account.user).startswith(b"+OK")
        answer = self.ask(b"PASS " + account.password)
        assert answer.startswith(b"+OK"), answer
        return self

    def stls(self, context, **options):
        answer = self.ask(b"STLS")
        assert answer.startswith(b"+OK"), answer
        assert not self.buffer
        self.handshake(context, **options)

    def rest(self):
        """Everything up to the end of the connection, and how it ended: "fin", "rst", "close_notify" or "cut" (TLS without it)."""
        try:
            while True:
                self.more()
        except EOFError:
            how = "close_notify" if isinstance(self.socket, TlsSocket) else "fin"
        except ConnectionResetError:
            how = "rst"
        except Cut:
            how = "cut"
        data, self.buffer = self.buffer, b""
        return data, how

    def quiet(self, seconds):
        """Does nothing more come for that long?"""
        if self.buffer:
            return False
        self.socket.settimeout(seconds)
        try:
            self.more()
            return False
        except (TimeoutError, socket.timeout):
            return True
        finally:
            self.socket.settimeout(8)

    def apop(self, account, greeting):
        stamp = re.search(rb"<[^>]+@[^>]+>", greeting).group()
        digest = hashlib.md5(stamp + account.password).hexdigest().encode()
        secrets_sent.add(digest)
        return self.ask(b"APOP " + account.user + b" " + digest)

    def cram_md5(self, account):
        challenge = self.ask(b"AUTH CRAM-MD5")
        assert challenge.startswith(b"+ "), challenge
        digest = hmac.new(account.password, base64.b64decode(challenge[2:]), "md5").hexdigest().encode()
        secrets_sent.add(digest)
        return self.ask(secret(account.user + b" " + digest))


def secret(response):
    """A SASL response on the wire, remembered as one that no log may hold."""
    encoded = base64.b64encode(response)
    secrets_sent.add(encoded)
    return encoded


def plain(account):
    return secret(b"\0" + account.user + b"\0" + account.password)
