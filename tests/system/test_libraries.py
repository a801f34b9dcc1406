"""What a process that strangers talk to has loaded: a library that comes along with another is as much a way in as one asked for."""
import pathlib
import re

import pytest

from places import run

ASKED_FOR = {"libc", "libevent_core", "libssl", "libcrypto", "libpcre2", "libglib"}
COME_ALONG = {"libm", "libatomic", "libz", "libzstd"}  # with GLib, and with OpenSSL in Debian 13


def loaded(binary):
    """The names without versions; neither the kernel's page nor the loader is a library."""
    files = [pathlib.Path(line.split()[0]).name for line in run("ldd", binary).stdout.decode().splitlines()]
    return {re.sub(r"-[\d.]+$", "", file.split(".so")[0]) for file in files if file.startswith("lib")}


def test_no_library_but_these(binary):
    names = loaded(binary)
    if "libasan" in names:
        pytest.skip("the sanitizers bring libraries of their own")
    assert ASKED_FOR <= names <= ASKED_FOR | COME_ALONG
