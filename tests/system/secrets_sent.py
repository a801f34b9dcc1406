"""Every password, SASL response and digest that the tests sent. No log may hold any of them: test_secrets.py looks."""
import base64
import collections

PASSWORD = "Sesam-%s-oeffne-dich"
sent = set()
Account = collections.namedtuple("Account", "user password")


def add(secret):
    sent.add(bytes(secret))


def account(user):
    """A user with a password that is easy to find where it should not be."""
    user, password = user.encode(), (PASSWORD % user).encode()
    add(password)
    for response in (b"\0%s\0%s" % (user, password), b"%s\0%s\0%s" % (user, user, password), password):
        add(base64.b64encode(response))
    return Account(user, password)
