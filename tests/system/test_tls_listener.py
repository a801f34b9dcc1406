"""TLS towards clients: certificates by name, resumption across workers and reloads, ALPN, old versions where they are allowed."""
import re
import ssl
import subprocess

import pytest

import filters
import secrets_sent
from clients import Place
from places import HOST, POPGATE, records, run, wait_until
from popgate import Gate
from scripted import Maildrop
from tls_socket import Cut
from wire import Wire

BOB = secrets_sent.account("tls-bob")
REFUSED = (OSError, EOFError, Cut, ssl.SSLError)
VERSIONS = pytest.mark.parametrize("version", (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3), ids=("1.2", "1.3"))


def listener(certificate, **more):
    return {"tls": "implicit", "certificate": [certificate], **more}


@pytest.fixture
def drop(server):
    return server(Maildrop())


@pytest.fixture
def context(authority):
    return Place(0, ca=authority.file).context()


def peer_names(client):
    return {name for kind, name in client.socket.tls.getpeercert()["subjectAltName"] if kind == "DNS"}


def test_certificate_is_chosen_by_sni(drop, gate, authority, certificate, context):
    """The first one serves names that fit none; wildcards and names in capitals work."""
    second = authority.issue("second", ["DNS:mail.second.example", "DNS:*.wild.example"])
    third = authority.issue("third", ["DNS:mail.third.example"])
    port = gate(drop.port, {"tls": "implicit", "certificate": [certificate, second, third]}).port
    wanted = {"localhost": "localhost", "mail.second.example": "mail.second.example", "MAIL.third.EXAMPLE": "mail.third.example",
              "a.wild.example": "*.wild.example"}
    for name, certified in wanted.items():
        with Wire(port, tls=context, name=name) as client:
            assert certified in peer_names(client)
            client.greet()
    context.check_hostname = False
    for name in ("unknown.example", "a.b.wild.example", None):
        with Wire(port, tls=context, name=name) as client:
            assert "localhost" in peer_names(client)


def test_key_in_a_file_of_its_own(drop, gate, authority, context):
    file = authority.issue("separate", ["DNS:localhost"])
    only = file.with_name("separate-only.pem")
    only.write_text(file.read_text().partition("-----BEGIN PRIVATE KEY")[0])
    port = gate(drop.port, {"tls": "implicit", "certificate": [only], "key": [file.with_suffix(".key")]}).port
    with Wire(port, tls=context) as client:
        client.login(BOB)


def key_of(port, **more):
    """The kind of the key by which the server signed, as openssl(1) tells it."""
    more = [item for key, value in more.items() for item in (f"-{key}", value)]
    said = run("openssl", "s_client", "-connect", f"{HOST}:{port}", *more, input=b"QUIT\n", check=False).stdout.decode()
    return re.search(r"^Peer signature type: (ECDSA|RSA)", said, re.M | re.I)[1].upper()


def test_client_gets_the_certificate_that_it_can_use(drop, gate, authority, context):
    """Of two for one name, with keys of two kinds, in either order."""
    both = [authority.issue("both-ec", ["DNS:localhost"]), authority.issue("both-rsa", ["DNS:localhost"], key_kind="rsa:2048")]
    for files in (both, both[::-1]):
        port = gate(drop.port, {"tls": "implicit", "certificate": files}).port
        assert key_of(port, servername="localhost") == "ECDSA"
        assert key_of(port, servername="localhost", sigalgs="RSA-PSS+SHA256") == "RSA"
        assert key_of(port, servername="localhost", cipher="ECDHE-RSA-AES256-SHA", max_protocol="TLSv1.2") == "RSA"
        with Wire(port, tls=context) as client:
            client.login(BOB)


@pytest.mark.parametrize("kind,costly", (("rsa:4096", True), ("rsa:3072", True), ("rsa:2048", True), ("ec", False)))
def test_large_keys_cost_is_told(drop, gate, authority, kind, costly):
    """By `popgate -t` alone: it is measured."""
    file = authority.issue("cost", ["DNS:localhost"], key_kind=kind)
    running = gate(drop.port, listener(file))
    said = run(POPGATE, "-t", "-c", running.file).stderr.decode()
    told = re.search(r"proxy.conf:\d+: certificate \S+cost.pem: its RSA key of (\d+) bits takes (\d+\.\d+) ms of a processor in each "
                     r"handshake that resumes no session, where a P-256 key takes (\d+\.\d+): certbot renew --key-type ecdsa", said)
    assert bool(told) == costly, said
    assert not costly or (told[1] == kind[4:] and float(told[2]) >= 4 * float(told[3]))
    assert "ms of a processor" not in running.log()


def session_of(port, context, version=None):
    if version:
        context.minimum_version = context.maximum_version = version
    with Wire(port, tls=context) as client:
        client.greet()
        client.ask(b"NOOP")
        session = client.socket.tls.session
        client.ask(b"QUIT")
    return session


@VERSIONS
def test_tickets_are_accepted_by_all_workers_and_after_a_reload(drop, gate, certificate, context, version):
    """In TLS 1.3 each brings a new one, as clients use a ticket but once."""
    running = gate(drop.port, listener(certificate), workers=3)
    session, used = session_of(running.port, context, version), set()
    for generation in range(2):
        for _ in range(9):
            assert version == ssl.TLSVersion.TLSv1_2 or session.id not in used
            used.add(session.id)
            with Wire(running.port) as client:
                client.handshake(context, session=session)
                assert client.socket.tls.session_reused
                client.greet()
                session = client.socket.tls.session
        old = running.workers()
        running.reload()
        wait_until(lambda: running.workers() and not set(old) & set(running.workers()), what="new workers")


def resumes(port, context, session, name="localhost"):
    """Is the ticket taken? If not, the handshake is a whole one, with the certificate's name."""
    with Wire(port, name=name) as client:
        client.handshake(context, session=session)
        reused = client.socket.tls.session_reused
        assert reused or name in peer_names(client)
        client.greet()
    return reused


@VERSIONS
def test_ticket_is_good_at_its_own_listener_alone(drop, authority, certificate, context, new_folder, version):
    """Not where the certificate is another one, and not where it is the same."""
    other = authority.issue("listener-other", ["DNS:localhost"])
    keys = {"first": certificate, "same": certificate, "other": other}
    running = Gate(new_folder("listeners"), {name: {"upstream": "u", **listener(file)} for name, file in keys.items()},
                   {"u": {"server": [f"{HOST}:{drop.port}"]}}).start()
    try:
        session = session_of(running.ports["first"], context, version)
        assert [name for name in keys if resumes(running.ports[name], context, session)] == ["first"]
    finally:
        running.stop()


@VERSIONS
def test_ticket_ends_with_the_certificate(drop, gate, authority, context, version):
    """Renewed and read again: a client that comes back sees the new certificate."""
    file = authority.issue("renewed", ["DNS:localhost"])
    running = gate(drop.port, listener(file))
    session = session_of(running.port, context, version)
    assert resumes(running.port, context, session)
    old = running.workers()
    authority.issue("renewed", ["DNS:localhost"])
    running.reload()
    wait_until(lambda: running.workers() and not set(old) & set(running.workers()), what="new workers")
    assert not resumes(running.port, context, session)


@VERSIONS
def test_ticket_of_one_name_is_no_good_for_another(drop, gate, authority, certificate, context, version):
    """CVE-2025-23419 was of this kind: OpenSSL looks at the ticket before it asks for the name."""
    second = authority.issue("sni-second", ["DNS:second.example"])
    running = gate(drop.port, {"tls": "implicit", "certificate": [certificate, second]})
    session = session_of(running.port, context, version)
    assert not resumes(running.port, context, session, "second.example")
    assert resumes(running.port, context, session)


@pytest.mark.parametrize("offered,accepted", ((["pop3"], True), (["http/1.1", "pop3"], True), (["http/1.1"], False), (["imap"], False),
                                              (None, True)), ids=str)
@pytest.mark.parametrize("tls", ("implicit", "stls"))
def test_alpn(drop, gate, certificate, context, offered, accepted, tls):
    """A client that says what it speaks must speak POP3: browsers and other protocols are turned away (RFC 7301)."""
    if offered:
        context.set_alpn_protocols(offered)
    running = gate(drop.port, listener(certificate, tls=tls))
    with Wire(running.port) as client:
        if tls == "stls":
            client.greet()
            client.ask(b"STLS")
        if not accepted:
            with pytest.raises(REFUSED):
                client.handshake(context)
            return
        client.handshake(context)
        assert client.socket.tls.selected_alpn_protocol() == ("pop3" if offered else None)
        if tls == "implicit":
            client.greet()
        assert client.ask(b"USER bob").startswith(b"+OK")


def old_client(context, version):
    context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1), ids=("1.0", "1.1"))
def test_old_tls_only_where_it_is_allowed(drop, gate, certificate, context, version):
    allowing, other = gate(drop.port, listener(certificate, tls_min="TLSv1.0")), gate(drop.port, listener(certificate))
    with Wire(allowing.port, tls=old_client(context, version)) as client:
        assert client.socket.tls.version() in ("TLSv1", "TLSv1.1")
        client.login(BOB)
    with pytest.raises(REFUSED):
        Wire(other.port, tls=context)


def test_tls_min_13_refuses_12(drop, gate, certificate, context):
    port = gate(drop.port, listener(certificate, tls_min="TLSv1.3")).port
    with Wire(port, tls=context) as client:
        client.greet()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(REFUSED):
        Wire(port, tls=context)


def test_tls_is_recorded(drop, gate, certificate, context, folder):
    running = gate(drop.port, listener(certificate), filters=filters.audit(folder))
    session = session_of(running.port, context)
    with Wire(running.port) as client:
        client.handshake(context, session=session)
        client.greet()
        client.ask(b"QUIT")
    file = folder / "audit.jsonl"
    found = wait_until(lambda: records(file, "tls")[1:] and records(file, "tls"))
    assert [record["resumed"] for record in found] == [False, True]
    for record in found:
        assert record["side"] == "client" and record["version"] == "TLSv1.3" and record["sni"] == "localhost"
        assert record["cipher"].startswith("TLS_")


def test_http_over_tls_gets_nothing_of_its_own_back(drop, gate, certificate, context):
    with Wire(gate(drop.port, listener(certificate)).port, tls=context) as client:
        try:
            client.send(b"GET /<script>alert(1)</script> HTTP/1.1\r\nHost: x\r\nCookie: Sesam-cookie\r\n\r\n" * 10 + b"QUIT\r\n")
        except OSError:
            pass
        assert b"script" not in client.rest()[0]
    secrets_sent.add(b"Sesam-cookie")


def test_openssl_resumes(drop, gate, certificate, authority, folder):
    port = gate(drop.port, listener(certificate)).port
    common = ("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", authority.file, "-verify_return_error", "-tls1_2")
    run(*common, "-sess_out", folder / "session", input=b"QUIT\n")
    assert b"Reused, TLSv1.2" in run(*common, "-sess_in", folder / "session", input=b"QUIT\n").stdout


def test_plain_octets_to_a_tls_port(drop, gate, certificate):
    port = gate(drop.port, listener(certificate)).port
    with Wire(port) as client:
        client.send(b"USER bob\r\n")
        data = client.rest()[0]
    assert b"+OK" not in data
    assert b"USER" not in drop.verbs()


def test_what_tls_says_itself_does_not_wait(certificate, drop, gate):
    """A client that asks for another handshake hears that there is none, though POP3 has nothing to say."""
    port = gate(drop.port, listener(certificate)).port
    with subprocess.Popen(["openssl", "s_client", "-tls1_2", "-connect", f"{HOST}:{port}"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
        said = b""
        while b"+OK ready" not in said:
            said += client.stdout.read1()
        client.stdin.write(b"R\n")
        client.stdin.flush()
        try:
            assert b"no renegotiation" in client.communicate(timeout=5)[0]
        finally:
            client.kill()
