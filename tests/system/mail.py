"""Messages as octets: ordinary ones, and mail that no one sends. All with CR LF unless the name says otherwise."""
import random

HEAD = (b"Return-Path: <ann@example.org>\r\nFrom: Ann <ann@example.org>\r\nTo: bob@example.net\r\n"
        b"Subject: %s\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <%s@example.org>\r\n")


def message(name, body=b"A short text.\r\n", more=b""):
    name = name.encode()
    return HEAD % (name, name.replace(b" ", b"-")) + more + b"\r\n" + body


def mime():
    body = (b"This is a message in two parts.\r\n--=_b\r\nContent-Type: text/plain; charset=utf-8\r\n"
            b"Content-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n.\r\n..\r\n--=_b\r\n"
            b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\r\n" * 40 + b"--=_b--\r\n")
    return message("in two parts", body, b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n\tboundary=\"=_b\"\r\n")


def lines(seed, count):
    """`count` lines of printable text, some of which begin with dots."""
    rng = random.Random(seed)
    return b"".join(b"." * rng.choice((0, 0, 0, 1, 2)) + bytes(rng.choices(range(32, 127), k=rng.randrange(0, 100))) + b"\r\n"
                    for _ in range(count))


def ordinary():
    """What every client and every server carries unchanged: lines of at most 998 octets, ended by CR LF."""
    return [
        message("hello"),
        mime(),
        message("eight bits", b"caf\xe9 \xff\xfe \xc3\xa9\r\n"),
        message("dots", b".\r\n..\r\n...\r\n.a\r\n..a\r\na.\r\n.\r\n"),
        message("only dots", b".\r\n" * 50),
        message("no body", b""),
        message("folded", more=b"X-Long: one\r\n two\r\n\tthree\r\nReceived: from a\r\n\tby b; now\r\n"),
        message("empty lines", b"\r\n\r\n\r\n.\r\n\r\n"),
        message("many lines", lines(1, 3000)),
        message("one long line", b"x" * 990 + b"\r\n"),
    ]


def unsent():
    """Name -> octets that no honest sender makes. A server's strict wire form of them is made by wire.stuff()."""
    return {
        "nul": message("nul", b"a\0b\r\n\0\r\n.\0\r\n"),
        "nul in header": b"Sub\0ject: x\r\nFrom: a\0b\r\n\r\nbody\r\n",
        "bare cr": message("bare cr", b"a\rb\r\r.\rc\r\r\n.\r\r\nd\r\n"),
        "bare lf before a dot": message("smuggled", b"a\n.\n+OK\nb\n.\r\n-ERR no\r\n.\nc\n..\r\nd\r\n"),
        "megabyte line": message("megabyte line", b"y" * 1_000_000 + b"\r\n"),
        "megabyte of headers": message("many headers", more=b"X-Filler: " + b"z" * 60 + b"\r\n" + b"X-Filler: 0123456789\r\n" * 48_000),
        "no header": b"\r\nonly a body\r\n.\r\n",
        "body without header": b"this is no header at all\r\nnor is this\r\n",
        "no body and no empty line": b"Subject: x\r\nFrom: a@b\r\n",
        "empty": b"",
        "only an empty line": b"\r\n",
        "only dots": b".\r\n..\r\n...\r\n",
        "eight bits everywhere": b"Subject: \xff\xfe\x80\r\n\x80\x81: x\r\n\r\n" + bytes(range(128, 256)) + b"\r\n",
        "no final line end": message("no final line end", b"the end"),
        "final dot without line end": message("final dot", b"the end\r\n."),
        "final cr": message("final cr", b"the end\r"),
        "lf only": message("lf only", b".a\r\n\r\nb\r\n").replace(b"\r\n", b"\n"),
        "mbox line first": b"From ann@example.org Fri Nov 20 10:00:00 2026\r\nSubject: x\r\n\r\nFrom me\r\n",
        "header that is a dot": b"Subject: x\r\n.: y\r\n.\r\n..z: a\r\n\r\nbody\r\n",
        "space only line": b"Subject: x\r\n \r\nX: y\r\n\t\r\n\r\nbody\r\n",
        "control characters": message("bells", bytes(c for c in range(1, 32) if c not in (10, 13)) + b"\x7f\r\n"),
    }
