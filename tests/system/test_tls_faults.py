"""What is wrong with TLS or a certificate is in the log, in words, before and when it hurts."""
import datetime
import re

import pytest

from clients import Place
from places import HOST, POPGATE, run, wait_until
from popgate import tls_upstream
from scripted import Maildrop
from tls_socket import Cut
from wire import Wire


def date(days):
    """So many days from now, as openssl(1) wants it."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")


@pytest.fixture
def drop(server):
    return server(Maildrop())


@pytest.mark.parametrize("start,end,said", ((-20, -10, r"ended at 20\d\d-\d\d-\d\d \d\d:\d\d UTC, and no client accepts it any more"),
                                            (10, 20, "does not hold before 20"), (-10, 13.5, "ends at .*, in 14 days: renew it"),
                                            (-10, 1.4, "ends at .*, in 34 hours"), (-10, 15, None)), ids=str)
def test_dates_are_told_by_a_test_at_a_start_and_on_reload(drop, gate, authority, start, end, said):
    """And nothing of one that is good for a while."""
    file = authority.issue("dated", ["DNS:dated.example"], date(start), date(end))
    running = gate(drop.port, {"tls": "implicit", "certificate": [file]})
    line = "proxy.conf:\\d+: certificate \\S+dated.pem: the server's own \\(dated.example\\) "
    tested = run(POPGATE, "-t", "-c", running.file).stderr.decode()
    running.reload()
    running.wait_log("was read again")
    if said:
        assert re.search(line + said, tested)
        wait_until(lambda: len(re.findall(line + said, running.log())) == 2, what="the warning at the start and after the reload")
    else:
        assert "dated.pem" not in tested + running.log()


def test_authority_behind_it_has_dates_too(drop, gate, authority, folder):
    ended = authority.issue("ended-authority", ["DNS:authority.example"], date(-20), date(-10))
    file = authority.issue("behind", ["DNS:localhost"])
    file.write_text(file.read_text() + ended.read_text().partition("-----BEGIN PRIVATE KEY")[0])
    gate(drop.port, {"tls": "implicit", "certificate": [file]}).wait_log("behind.pem: an authority's \\(authority.example\\) ended at")


def test_running_daemon_counts_the_days(drop, gate, authority, hurry):
    """14, 7 and 1 day before the end, and at it."""
    file = authority.issue("counted", ["DNS:localhost"], date(-10), date(16))
    hurry(24 * 3600 * 2)
    running = gate(drop.port, {"tls": "implicit", "certificate": [file]})
    assert "counted.pem" not in running.log()
    running.wait_log("counted.pem.* ended at", 20)
    assert re.findall("counted.pem.*(in \\d+ days|in \\d+ hours|ended)", running.log()) == ["in 14 days", "in 7 days", "in 24 hours",
                                                                                       "ended"]


def test_client_that_rejects_the_certificate(drop, gate, certificate):
    running = gate(drop.port, {"tls": "implicit", "certificate": [certificate]}, log_level="info")
    run("openssl", "s_client", "-connect", f"{HOST}:{running.port}", "-verify_return_error",
        "-servername", "localhost", input=b"", check=False)
    running.wait_log("client .* the client does not accept our certificate, .*it asked for localhost; it is for localhost, 127.0.0.1, until")


def test_old_client(drop, gate, certificate):
    running = gate(drop.port, {"tls": "implicit", "certificate": [certificate]}, log_level="info")
    run("openssl", "s_client", "-connect", f"{HOST}:{running.port}", "-tls1", "-cipher", "ALL:@SECLEVEL=0", input=b"", check=False)
    running.wait_log(r"the client speaks no TLS as new as tls_min \(it offers TLSv1.0\)")


def test_client_without_tls_where_it_begins(drop, gate, certificate):
    """One that talks, and one that waits for a greeting."""
    running = gate(drop.port, {"tls": "implicit", "certificate": [certificate], "login_timeout": "1s"}, log_level="info")
    with Wire(running.port) as client:
        client.send(b"CAPA\r\n")
        running.wait_log("the client does not speak TLS: set it to SSL/TLS on this port")
    with Wire(running.port) as client:
        client.rest()
    running.wait_log("login_timeout.*: it did not begin TLS; one that waits for a greeting has to be set to SSL/TLS")


@pytest.mark.parametrize("tls", ("none", "stls"))
def test_client_with_tls_where_there_is_none_yet(drop, gate, certificate, authority, tls):
    """It is let go at once, whether the server has greeted or not."""
    more = {"certificate": [certificate]} if tls == "stls" else {}
    running = gate(drop.port, {"tls": tls, **more}, log_level="info")
    with pytest.raises((OSError, Cut)):
        Wire(running.port, tls=Place(0, ca=authority.file).context(), timeout=5)
    running.wait_log("the client begins TLS with the connection, and this listener does not: set the client to STARTTLS")


def test_server_without_tls_where_it_is_expected(drop, gate, authority):
    running = gate(drop.port, upstream=tls_upstream(drop.port, "implicit", authority), log_level="info")
    with Wire(running.port) as client:
        assert client.line().startswith(b"-ERR")
    running.wait_log('the server does not speak TLS here: tls = "implicit" needs its port')


def test_server_with_tls_where_none_is_expected(dovecot, gate):
    """It waits for TLS to begin, and nobody says a word."""
    running = gate(dovecot.tls_port, upstream={"connect_timeout": "1s"}, log_level="info")
    with Wire(running.port) as client:
        assert client.line().startswith(b"-ERR")
    running.wait_log('connect_timeout.*: if this is its port for TLS, as 995 is, tls has to be "implicit"')


@pytest.mark.parametrize("tls", ("implicit", "stls"))
def test_server_whose_name_does_not_fit(dovecot, gate, authority, tls):
    port = dovecot.tls_port if tls == "implicit" else dovecot.port
    running = gate(port, upstream=tls_upstream(port, tls, authority, tls_name="pop.example.net"), log_level="info")
    with Wire(running.port) as client:
        assert client.line().startswith(b"-ERR")
    running.wait_log(r"hostname mismatch \(it is for localhost, 127.0.0.1, until 20\d\d-.* UTC\): tls_name says")
