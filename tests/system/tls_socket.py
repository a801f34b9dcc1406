"""A TLS client over a plain socket, which unlike ssl.SSLSocket tells a reset, an end of file and close_notify apart."""
import ssl


class Cut(Exception):
    """End of file without close_notify."""


class TlsSocket:
    def __init__(self, sock, context, name, session=None):
        self.socket, self.incoming, self.outgoing = sock, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name, session=session)
        self.drive(self.tls.do_handshake)

    def flush(self):
        if self.outgoing.pending:
            self.socket.sendall(self.outgoing.read())

    def drive(self, step):
        while True:
            try:
                result = step()
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
            except ssl.SSLError:
                self.flush()
                raise
            data = self.socket.recv(65536)
            if not data:
                raise Cut
            self.incoming.write(data)

    def sendall(self, data):
        self.drive(lambda: self.tls.write(data))

    def recv(self, size):
        """Octets, or b"" after close_notify."""
        try:
            return self.drive(lambda: self.tls.read(size))
        except ssl.SSLZeroReturnError:
            return b""

    def settimeout(self, seconds):
        self.socket.settimeout(seconds)

    def close(self):
        self.socket.close()
