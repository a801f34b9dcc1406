"""What popgate(8) says to write into the configuration of the server behind it."""
import re
import time

import pytest

from dovecot import PROGRAM as DOVECOT_PROGRAM, Dovecot
from places import ROOT
from wire import Wire



def dovecots_lines():
    """The manual's, with popgate's address here."""
    page = (ROOT / "man/popgate.8").read_text()
    lines = re.search(r"\.It Dovecot\n.*?\.Bd -literal -compact\n(.*?)\.Ed", page, re.DOTALL)[1]
    assert "10.0.0.7" in lines
    return "\n" + lines.replace("10.0.0.7", "127.0.0.1")


def seconds_of_a_login(dovecot, gate, name):
    """After a wrong password of somebody else."""
    user = dovecot.mailbox(name, [])
    port = gate(dovecot.port).port
    with Wire(port, timeout=60) as guesser:
        guesser.line()
        guesser.ask(b"USER somebody")
        assert guesser.ask(b"PASS a-wild-guess").startswith(b"-ERR")
    begun = time.monotonic()
    Wire(port, timeout=60).login(user)
    return time.monotonic() - begun


@pytest.mark.skipif(not DOVECOT_PROGRAM, reason="Dovecot is not installed")
@pytest.mark.parametrize("told", [False, True], ids=["as it comes", "told who popgate is"])
def test_wrong_passwords_slow_nobody_else(new_folder, certificate, gate, told):
    server = Dovecot(new_folder("penalty"), certificate, dovecots_lines() if told else "")
    try:
        taken = seconds_of_a_login(server, gate, f"behind-{int(told)}")
    finally:
        server.stop()
    assert (taken < 2) == told, taken
