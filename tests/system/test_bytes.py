"""Messages that no one sends, octet for octet: unchanged without filters, and with them all but the headers they touch."""
import re

import pytest

import filters
import mail
import secrets_sent
from clients import FETCH, KEEPS_CRLF, Place
from places import HOST
from popgate import Gate
from scripted import Maildrop, Server
from wire import Wire, crlf, stuff, unstuff

BOB = secrets_sent.account("bytes-bob")
UNSENT = mail.unsent()
NAMES = list(UNSENT)
CHAINS = {"none": lambda folder: {}, "audit": filters.audit, "headers": filters.headers, "score": filters.score,
          "all": filters.every}


@pytest.fixture(scope="module")
def drop():
    server = Server(Maildrop(UNSENT.values(), capa=[b"TOP", b"UIDL", b"PIPELINING"]))
    yield server
    server.close()


@pytest.fixture(scope="module")
def gates(binary, new_folder, drop):
    """One popgate with a listener for each chain, and one that passes bare LFs."""
    folder = new_folder("bytes")
    sections = filters.every(folder)
    chains = {name: list(make(folder)) for name, make in CHAINS.items()}
    listeners = {name: {"tls": "none", "upstream": "server", "filters": chain} for name, chain in chains.items()}
    listeners["pass"] = {"tls": "none", "upstream": "server", "filters": [], "bare_lf": "pass"}
    gate = Gate(folder, listeners, {"server": {"server": [f"{HOST}:{drop.port}"]}}, sections).start()
    yield gate
    gate.stop()


def retrieve(port, name):
    """The wire form of a message, after which both sides must still be in step."""
    with Wire(port) as client:
        client.login(BOB)
        assert client.ask(b"RETR %d" % (NAMES.index(name) + 1)).startswith(b"+OK")
        wire = client.listing()
        assert client.ask(b"STAT").startswith(b"+OK %d " % len(NAMES))
        assert client.ask(b"QUIT").startswith(b"+OK")
        assert client.rest() == (b"", "fin")
    return wire


@pytest.mark.parametrize("name", NAMES)
def test_without_filters_every_octet_is_kept(gates, name):
    """But for bare LFs, which leave as CR LF: clients take them for line ends, and dots behind them for the end."""
    assert retrieve(gates.ports["none"], name) == stuff(crlf(UNSENT[name]))


@pytest.mark.parametrize("name", NAMES)
def test_bare_lf_pass_keeps_the_servers_wire(gates, name):
    assert retrieve(gates.ports["pass"], name) == stuff(UNSENT[name])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("chain", ("audit", "headers"))
def test_filters_that_change_nothing_keep_every_octet(gates, chain, name):
    assert retrieve(gates.ports[chain], name) == stuff(crlf(UNSENT[name]))


def original(text):
    """Without what spam-score puts on top."""
    return re.sub(rb"\A(X-Spam-[A-Za-z]+:.*\r\n([ \t].*\r\n)*)+", b"", text)


def body(text):
    """What follows the first empty line; all of it where it does not begin with a header. An mbox line may stand first."""
    text = re.sub(rb"\AFrom .*\r\n", b"", text)
    if text.startswith(b"\r\n"):
        return text[2:]
    return text.partition(b"\r\n\r\n")[2] if re.match(rb"[!-9;-~]+[ \t]*:", text) else text


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("chain", ("score", "all"))
def test_filters_that_add_headers_keep_the_body(gates, chain, name):
    text, message = unstuff(retrieve(gates.ports[chain], name)), crlf(UNSENT[name])
    assert text.endswith(body(message))
    if re.match(rb"[A-Za-z-]+:", message) and b"\r\n\r\n" in message:
        assert original(text) == message
    assert all(len(line) <= 78 for line in text[:len(text) - len(original(text))].split(b"\r\n"))


@pytest.mark.parametrize("name", NAMES)
def test_lenient_reader_sees_the_same_end(gates, name):
    """A client that takes a bare LF for a line end finds the end of the message at the same octet as a strict one."""
    wire = retrieve(gates.ports["none"], name)
    found = re.search(rb"(?:\A|\n)\.\r?\n", wire)
    assert found and found.end() == len(wire)


@pytest.mark.parametrize("client", ("poplib", "curl", "fetchmail"))
def test_smuggled_end_is_not_taken_by_real_clients(server, gate, folder, client):
    """Mail that holds LF `.` LF and answers that look right: every client gets one message, and the one behind it."""
    mails = [UNSENT["bare lf before a dot"], mail.message("behind it")]
    got = FETCH[client](Place(gate(server(Maildrop(mails)).port).port), BOB, folder)
    wanted = [crlf(each) for each in mails]
    assert got == (wanted if client in KEEPS_CRLF else [each.replace(b"\r\n", b"\n") for each in wanted])


def test_all_of_them_pipelined(gates):
    with Wire(gates.ports["none"], timeout=30) as client:
        client.login(BOB)
        client.send(b"".join(b"RETR %d\r\n" % number for number in range(1, len(NAMES) + 1)) + b"QUIT\r\n")
        for name in NAMES:
            assert client.line().startswith(b"+OK")
            assert client.listing() == stuff(crlf(UNSENT[name])), name
        assert client.line().startswith(b"+OK")


@pytest.mark.parametrize("name", NAMES)
def test_top_without_filters_is_what_the_server_says(gates, drop, name):
    number = NAMES.index(name) + 1
    with Wire(drop.port) as direct, Wire(gates.ports["none"]) as through:
        direct.login(BOB), through.login(BOB)
        assert through.fetch(b"TOP %d 1" % number) == crlf(direct.fetch(b"TOP %d 1" % number))


def line_feeds(serve):
    """A server that ends all its lines with a line feed alone."""
    def run(connection):
        send = connection.send
        connection.send = lambda data, delay=0: send(data.replace(b"\r\n", b"\n"), delay)
        serve(connection)

    return run


@pytest.mark.parametrize("bare_lf", ("crlf", "pass"))
@pytest.mark.parametrize("chain", ("none", "all"))
def test_server_that_ends_lines_with_lf(server, gate, folder, chain, bare_lf):
    """Where proxy.conf says so: clients get CR LF, messages end, dots are what they were."""
    texts = [b"Subject: a\r\nX-Remove-Me: x\r\n\r\n.\r\n..\r\n.x\r\nend\r\n", b"Subject: b\r\n\r\n", b"no header\r\n", b"\r\n.\r\n\r\n"]
    drop = server(line_feeds(Maildrop(texts, capa=[b"TOP", b"UIDL", b"PIPELINING"])))
    running = gate(drop.port, {"bare_lf": bare_lf}, {"line_end": "lf"}, filters.every(folder) if chain == "all" else None)
    with Wire(running.port) as client:
        client.login(secrets_sent.account("lf-bob"))
        assert client.fetch(b"CAPA").count(b"\r\n") == client.fetch(b"CAPA").count(b"\n") > 2
        assert client.fetch(b"UIDL") == b"".join(b"%d uid-%d\r\n" % (n, n) for n in range(1, 5))
        for number, text in enumerate(texts, 1):
            for command in (b"RETR %d", b"TOP %d 99"):
                got = client.fetch(command % number)
                assert b"\n" not in got.replace(b"\r\n", b"")
                assert got.endswith(text.partition(b"\r\n\r\n")[2]) and (chain == "all" or got == text)
        assert client.ask(b"NOOP").startswith(b"+OK") and client.ask(b"QUIT").startswith(b"+OK")


def test_lf_ends_nothing_where_nobody_said_so(server, gate):
    """LF . LF in a message, of a server that does as it should and of one that does not: it is text."""
    drop = server(Maildrop([b"Subject: a\r\n\r\n1\n.\n+OK 2\r\n3\r\n"]))
    with Wire(gate(drop.port).port) as client:
        client.login(secrets_sent.account("lf-bob"))
        assert client.fetch(b"RETR 1") == b"Subject: a\r\n\r\n1\r\n.\r\n+OK 2\r\n3\r\n"
        assert client.ask(b"NOOP").startswith(b"+OK")
    running = gate(server(line_feeds(Maildrop([b"Subject: a\r\n\r\nx\r\n"]))).port, upstream={"reply_timeout": "1s"})
    with Wire(running.port) as client:
        client.login(secrets_sent.account("lf-bob"))
        client.send(b"RETR 1\r\n")
        assert client.rest()[1] == "rst"
