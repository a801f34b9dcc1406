"""What the tests share: one folder, one authority, one Dovecot and one Mailutils for all, and popgate as each test wants it."""
import glob
import itertools
import os
import pathlib
import shutil
import signal
import sys
import tarfile
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import mail
from certificates import NAMES, Authority
from clients import Place
from dovecot import PROGRAM as DOVECOT_PROGRAM, Dovecot
from mailutils import Mailutils
from places import ASAN, CORPUS, HOST, POPGATE
from popgate import Gate, tls_upstream
from scripted import Server


def pytest_configure(config):
    """Being ended by TERM runs the fixtures' ends too, so that no server outlives the tests."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.umask(0o022)  # users of Debian 13 have 002, and popgate reads no configuration that a group may write to


def pytest_collection_modifyitems(items):
    """The search for secrets comes last, when every log has been written."""
    items.sort(key=lambda item: item.path.name == "test_secrets.py")


@pytest.fixture(scope="session")
def base():
    """The folder of the whole run: below it is all that the tests write, and servers that are not root may pass through it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="popgate-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def new_folder(base):
    numbers = itertools.count(1)

    def make(name="test"):
        folder = base / f"{name}-{next(numbers)}"
        folder.mkdir(mode=0o755)
        return folder

    return make


@pytest.fixture
def folder(new_folder, request):
    return new_folder(request.node.name.partition("[")[0])


@pytest.fixture(scope="session")
def authority(base):
    return Authority(base / "authority")


@pytest.fixture(scope="session")
def certificate(authority):
    """The certificate of localhost and 127.0.0.1, with its key."""
    return authority.issue("site", NAMES)


@pytest.fixture(scope="session")
def dovecot(base, certificate):
    if not DOVECOT_PROGRAM:
        pytest.skip("Dovecot is not installed")
    server = Dovecot(base / "dovecot", certificate)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mailutils(base):
    server = Mailutils(base / "mailutils")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def letters():
    return mail.ordinary()


@pytest.fixture(scope="session")
def ann(dovecot, letters):
    """Ann keeps her mail: the ordinary messages, which no test deletes."""
    return dovecot.mailbox("ann", letters)


@pytest.fixture(scope="session")
def real_mail(base):
    """Files with mail as it was received, most of it ham, in the order of their names."""
    if not CORPUS.exists():
        pytest.skip(f"no corpus of real mail at {CORPUS}")
    folder = base / "real-mail"
    with tarfile.open(CORPUS) as archive:
        archive.extractall(folder, filter="data") if hasattr(tarfile, "data_filter") else archive.extractall(folder)
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="session")
def binary():
    if not POPGATE.exists():
        pytest.fail(f"{POPGATE} is not there: make, or set POPGATE")
    return POPGATE


FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")


@pytest.fixture
def hurry(monkeypatch):
    """hurry(factor): the clocks of a popgate that is started from now on run so much faster."""
    if not FAKETIME:
        pytest.skip("libfaketime is not installed")
    if ASAN:
        pytest.skip("libfaketime and the address sanitizer cannot be loaded together")

    def start(factor):
        monkeypatch.setenv("LD_PRELOAD", FAKETIME[0])
        monkeypatch.setenv("FAKETIME", f"+0 x{factor}")
        monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "0")

    return start


@pytest.fixture
def gate(binary, new_folder):
    """
    Starts popgate in front of one server: gate(port) with keys for the listener, the upstream and the top level. At the end
    of the test it is stopped, and must have behaved.
    """
    gates = []

    def start(port, listener=None, upstream=None, filters=None, **options):
        listener = {"tls": "none", "upstream": "server", "filters": list(filters or {}), **(listener or {})}
        upstream = {"server": [f"{HOST}:{port}"], **(upstream or {})}
        gates.append(Gate(new_folder("gate"), {"in": listener}, {"server": upstream}, filters, **options))
        return gates[-1].start()

    yield start
    stop_all(gates)


def stop_all(gates):
    failures = []
    for each in gates:
        try:
            each.stop()
        except AssertionError as error:
            failures.append(str(error))
    assert not failures, "\n".join(failures)


@pytest.fixture
def server():
    """Starts scripted servers: server(serve, ...) as scripted.Server(). A mistake in a script fails the test."""
    servers = []

    def start(serve, *arguments, **keys):
        servers.append(Server(serve, *arguments, **keys))
        return servers[-1]

    yield start
    for each in servers:
        each.close()
    assert not [error for each in servers for error in each.errors]


@pytest.fixture(scope="session")
def dovecot_gate(binary, new_folder, dovecot, authority, certificate):
    """In front of Dovecot: a listener for each kind of TLS on either side, named like "stls-implicit" (client, server)."""
    kinds = {"none": dovecot.port, "stls": dovecot.port, "implicit": dovecot.tls_port}
    upstreams = {kind: tls_upstream(port, kind, authority) for kind, port in kinds.items()}
    listeners = {f"{near}-{far}": {"tls": near, "upstream": far, "plaintext_login": True, "certificate": [certificate],
                                   "filters": []} for near in kinds for far in kinds}
    for name, keys in listeners.items():
        if name.startswith("none"):
            del keys["certificate"]
    running = Gate(new_folder("dovecot-gate"), listeners, upstreams, workers=2).start()
    yield running
    running.stop()


@pytest.fixture
def place(dovecot, authority, request):
    """place("direct", tls) is Dovecot itself; place(server_tls, tls) is popgate, which uses `server_tls` towards it."""
    def find(via, tls):
        if via == "direct":
            return Place(dovecot.tls_port if tls == "implicit" else dovecot.port, tls, authority.file)
        running = request.getfixturevalue("dovecot_gate")
        return Place(running.ports[f"{tls}-{via}"], tls, authority.file)

    return find
