"""Runs last: no password, SASL response or APOP digest that any test sent is in any file that popgate wrote."""
import secrets_sent

WRITTEN = ("popgate.log*", "stderr", "audit.jsonl*")


def test_no_secret_is_in_any_log(base):
    files = [file for pattern in WRITTEN for file in base.rglob(pattern) if file.is_file()]
    assert files or not secrets_sent.sent
    found = []
    for file in files:
        octets = file.read_bytes()
        found += [(file.parent.name, file.name, secret) for secret in secrets_sent.sent | {b"Sesam"} if secret in octets]
    assert found == []
