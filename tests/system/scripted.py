"""Servers in Python that do exactly what a test wants: slow and old, dying at any point, or talking nonsense. They record."""
import base64
import re
import socket
import ssl
import struct
import threading
import time

from places import HOST
from wire import stuff


class Gone(Exception):
    """The connection is over, by whichever side."""


class Connection:
    """One client of a scripted server. `received` is every octet that came once TLS was off, `commands` the lines among them."""

    def __init__(self, sock, context=None):
        self.socket, self.context = sock, context
        self.received, self.commands, self.buffer = b"", [], b""
        self.user, self.ended, self.tls, self.pipelined = None, None, False, False
        self.deleted = set()
        sock.settimeout(30)

    def send(self, data, delay=0):
        time.sleep(delay)
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Gone(error) from None

    def receive(self):
        try:
            data = self.socket.recv(65536)
        except OSError as error:
            self.ended = "rst" if isinstance(error, ConnectionResetError) else repr(error)
            raise Gone(error) from None
        if not data:
            self.ended = "fin"
            raise Gone("end of file")
        self.received += data
        return data

    def line(self):
        while b"\n" not in self.buffer:
            self.buffer += self.receive()
        line, _, self.buffer = self.buffer.partition(b"\n")
        self.commands.append(line.rstrip(b"\r"))
        self.pipelined = self.pipelined or bool(self.buffer)
        return self.commands[-1]

    def line_of_one_read(self):
        """As the oldest servers do: what came behind the first line in the same read is lost."""
        line = self.line()
        self.buffer = b""
        return line

    def start_tls(self):
        try:
            self.socket = self.context.wrap_socket(self.socket, server_side=True, suppress_ragged_eofs=True)
        except OSError as error:
            self.ended = repr(error)
            raise Gone(error) from None
        self.tls = True

    def fin(self):
        """An end without close_notify."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side was faster
        raise Gone("fin")

    def rst(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.socket(fileno=self.socket.detach()).close()
        raise Gone("rst")

    def close_notify(self):
        self.socket.settimeout(0.2)
        try:
            self.socket.unwrap()
        except OSError:
            pass
        self.fin()

    def drain(self, seconds=5):
        """Reads what still comes, for a server that hangs rather than answers."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.receive()


class Server:
    """Calls `serve(connection)` in a thread for every client. `connections` holds all of them, for the tests to look at."""

    def __init__(self, serve, context=None, implicit=False, backlog=64):
        self.serve, self.context, self.implicit = serve, context, implicit
        self.connections, self.errors = [], []
        self.listener = socket.create_server((HOST, 0), backlog=backlog)
        self.port = self.listener.getsockname()[1]
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.run, args=(Connection(sock, self.context),), daemon=True).start()

    def run(self, connection):
        self.connections.append(connection)
        try:
            if self.implicit:
                connection.start_tls()
            self.serve(connection)
        except Gone:
            pass
        except Exception as error:  # shown by the fixture, which fails the test
            self.errors.append(error)
        finally:
            try:
                connection.socket.close()
            except OSError:
                pass
            connection.ended = connection.ended or "closed"

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self.acceptor.join()  # else it might accept from the next socket of the same number
        self.listener.close()

    def commands(self):
        return [line for connection in self.connections for line in connection.commands]

    def verbs(self):
        return [line.split(b" ")[0].upper() for line in self.commands()]

    def received(self):
        return b"".join(connection.received for connection in self.connections)


class Maildrop:
    """
    A POP3 server over exact octets. `script` replaces an answer: verb (or "greeting") -> octets, or a function of (connection,
    argument) that returns octets or None. `capa` is a list of lines, None: no CAPA. `old`: no TOP, no UIDL, one command a read,
    slow answers. Any password will do but b"wrong".
    """

    def __init__(self, messages=(), script=None, capa=None, old=False, delay=0.0):
        self.messages, self.script, self.capa, self.old = list(messages), script or {}, capa, old
        self.delay = delay or (0.02 if old else 0)

    def __call__(self, connection):
        self.answer(connection, "greeting", b"", lambda *_: b"+OK ready\r\n")
        while True:
            line = connection.line_of_one_read() if self.old else connection.line()
            verb, _, argument = line.partition(b" ")
            name = verb.decode("latin-1").upper()
            self.answer(connection, name, argument, getattr(self, "do_" + name, self.unknown))
            if name == "QUIT":
                return

    def answer(self, connection, name, argument, usual):
        reply = self.script.get(name, usual)
        if callable(reply):
            reply = reply(connection, argument)
        if reply:
            connection.send(reply, self.delay)

    @staticmethod
    def unknown(connection, argument):
        return b"-ERR what?\r\n"

    def do_CAPA(self, connection, argument):
        if self.capa is None:
            return b"-ERR what?\r\n"
        return b"+OK list\r\n" + b"".join(line + b"\r\n" for line in self.capa) + b".\r\n"

    def do_STLS(self, connection, argument):
        if not connection.context or connection.tls:
            return b"-ERR no\r\n"
        connection.send(b"+OK go\r\n")
        connection.start_tls()
        return None

    def do_USER(self, connection, argument):
        connection.user = argument
        return b"+OK\r\n"

    def do_PASS(self, connection, argument):
        return b"-ERR no such login\r\n" if argument == b"wrong" else b"+OK welcome\r\n"

    def do_AUTH(self, connection, argument):
        """PLAIN, with or without an initial response."""
        mechanism, _, response = argument.partition(b" ")
        if mechanism.upper() != b"PLAIN":
            return b"-ERR no such mechanism\r\n"
        if not response:
            connection.send(b"+ \r\n")
            response = connection.line()
        if response == b"*":
            return b"-ERR cancelled\r\n"
        return b"-ERR no such login\r\n" if base64.b64decode(response).endswith(b"\0wrong") else b"+OK welcome\r\n"

    def numbered(self, argument):
        number = int(argument.split(b" ")[0] or b"0") if argument.split(b" ")[0].isdigit() else 0
        return self.messages[number - 1] if 0 < number <= len(self.messages) else None

    def do_STAT(self, connection, argument):
        return b"+OK %d %d\r\n" % (len(self.messages), sum(map(len, self.messages)))

    def do_LIST(self, connection, argument):
        if argument:
            found = self.numbered(argument)
            return b"-ERR none\r\n" if found is None else b"+OK %s %d\r\n" % (argument, len(found))
        rows = b"".join(b"%d %d\r\n" % (number, len(each)) for number, each in enumerate(self.messages, 1))
        return b"+OK\r\n" + rows + b".\r\n"

    def do_UIDL(self, connection, argument):
        if self.old:
            return b"-ERR what?\r\n"
        if argument:
            return b"-ERR none\r\n" if self.numbered(argument) is None else b"+OK %s uid-%s\r\n" % (argument, argument)
        return b"+OK\r\n" + b"".join(b"%d uid-%d\r\n" % (n, n) for n in range(1, len(self.messages) + 1)) + b".\r\n"

    def do_RETR(self, connection, argument):
        found = self.numbered(argument)
        return b"-ERR none\r\n" if found is None else b"+OK %d octets\r\n" % len(found) + stuff(found)

    def do_TOP(self, connection, argument):
        found = self.numbered(argument)
        if self.old or found is None:
            return b"-ERR what?\r\n"
        head, separator, body = found.partition(b"\r\n\r\n")
        lines = re.findall(rb"(?s).*?\r\n|.+\Z", body)
        return b"+OK\r\n" + stuff(head + separator + b"".join(lines[:int(argument.split(b" ")[1])]))

    def do_DELE(self, connection, argument):
        connection.deleted.add(argument)
        return b"+OK gone\r\n"

    def do_NOOP(self, connection, argument):
        return b"+OK\r\n"

    def do_RSET(self, connection, argument):
        connection.deleted.clear()
        return b"+OK\r\n"

    def do_QUIT(self, connection, argument):
        return b"+OK bye\r\n"


def server_context(certificate, alpn=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if alpn:
        context.set_alpn_protocols(alpn)
    return context
