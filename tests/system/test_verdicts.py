"""One verdict for a message, by TOP and RETR, in all sessions, workers and listeners; and how often it is scored for that."""
import base64
import os
import re
import signal
import socket
import struct
import threading
from pathlib import Path

import pytest

import filters
import mail
import secrets_sent
from places import HOST, records, wait_until
from popgate import Gate
from scripted import Maildrop
from wire import Wire, secret, stuff

BOB, EVE = secrets_sent.account("verdict-bob"), secrets_sent.account("verdict-eve")
SPAM = mail.message("cheap pills", b"".join(b"line %d\r\n" % i for i in range(40)) + b".dot\r\norder your pills now\r\n")
HAM = mail.message("hello", b"See you.\r\n" * 3)
MAIL = [SPAM, HAM, mail.message("cheap pills", b""), mail.message("order", b"order your pills now\r\n")]
CAPA = [b"TOP", b"UIDL", b"PIPELINING"]


def verdict(text):
    """The fields that popgate has added, and the Subject."""
    header = text.partition(b"\r\n\r\n")[0] + b"\r\n"
    found = [field.group() for field in re.finditer(rb"(?m)^(X-Spam-|Subject:).*\r\n([ \t].*\r\n)*", header)]
    assert sum(field.startswith(b"X-Spam-Status:") for field in found) == 1, text[:500]
    return found


def score_of(text):
    return float(re.search(rb"(?m)^X-Spam-Score: (\S+)", text).group(1))


def top_of(text, lines):
    """What RFC 1939 makes of TOP."""
    head, empty, body = text.partition(b"\r\n\r\n")
    return head + empty + b"".join(re.findall(rb".*\r\n", body)[:lines])


def scored(gate):
    """How many messages were scored so far."""
    return len(re.findall(r"message \d+: verdict \S+$", gate.log(), re.M))


def recalled(gate):
    return len(re.findall(r"message \d+: verdict \S+ is known$", gate.log(), re.M))


def wait_for_workers(gate, old, count):
    wait_until(lambda: len(set(gate.workers()) - set(old)) >= count, what="new workers")


def messages(folder):
    return records(folder / "audit.jsonl", "message")


@pytest.fixture
def score(folder):
    return filters.score(folder, subject_tag="[SPAM] ")


@pytest.fixture
def served(server, gate, score):
    """served(script keys of the Maildrop...): the server and popgate with a filter that scores."""
    def start(messages=tuple(MAIL), keys=None, more=None, **options):
        drop = server(Maildrop(messages, **{"capa": CAPA, **(keys or {})}))
        chain = {"score": {**score["score"], **(more or {})}}
        return drop, gate(drop.port, filters=chain, **options)

    return start


@pytest.fixture
def bob():
    """bob(gate) is logged in; all are closed at the end."""
    clients = []

    def login(running, account=BOB, **options):
        clients.append(Wire(running.port, **options))
        return clients[-1].login(account)

    yield login
    for client in clients:
        client.socket.close()


@pytest.mark.parametrize("lines", (0, 1, 2, 5, 40, 41, 42, 100, 99999999))
@pytest.mark.parametrize("first", ("TOP", "RETR"))
def test_top_and_retr_show_the_same(served, bob, first, lines):
    drop, running = served()
    top, retr = [], []
    client = bob(running)
    for step in (first, "RETR" if first == "TOP" else "TOP"):
        for number in range(1, len(MAIL) + 1):
            if step == "TOP":
                top.append(client.fetch(b"TOP %d %d" % (number, lines)))
            else:
                retr.append(client.fetch(b"RETR %d" % number))
    assert [verdict(text) for text in top] == [verdict(text) for text in retr]
    assert top == [top_of(text, lines) for text in retr]
    assert scored(running) == recalled(running) == len(MAIL)
    assert [score_of(text) for text in retr] == [7.6, 0.5, 4.5, 3.6]
    assert drop.verbs().count(b"UIDL") == 1 and drop.verbs().count(b"RETR") == len(MAIL)


def test_what_the_server_is_asked_for(served, bob):
    drop, running = served(more={"hold_limit": "4K"})
    client = bob(running)
    for command in (b"TOP 1 0", b"TOP 1 3", b"RETR 1", b"RETR 2", b"TOP 2 0", b"TOP 3 5000", b"TOP 4 4095"):
        client.fetch(command)
    assert drop.commands()[2:] == [b"UIDL", b"LIST", b"TOP 1 4096", b"TOP 1 3", b"RETR 1", b"RETR 2", b"TOP 2 0",
                                   b"TOP 3 5000", b"TOP 4 4096"]


@pytest.mark.parametrize("asked", (b"UIDL", b"UIDL 1"))
def test_what_the_client_asks_for_is_not_asked_again(served, bob, asked):
    drop, running = served()
    client = bob(running)
    answer = client.fetch(asked) if asked == b"UIDL" else client.ask(asked)
    assert b"1 uid-1" in answer
    listed = client.fetch(b"LIST") if asked == b"UIDL" else client.ask(b"LIST 1")
    assert b"1 %d\r\n" % len(SPAM) in listed
    client.fetch(b"TOP 1 0")
    client.fetch(b"RETR 1")
    assert drop.verbs()[2:] == [b"UIDL", b"LIST", b"TOP", b"RETR"] and scored(running) == 1


def test_the_list_that_popgate_asks_for_is_not_the_clients(served, bob):
    drop, running = served()
    client = bob(running)
    client.send(b"RETR 1\r\nUIDL 2\r\nUIDL\r\nTOP 2 0\r\nNOOP\r\n")
    assert client.line().startswith(b"+OK") and verdict(client.listing())
    assert client.line() == b"+OK 2 uid-2\r\n"
    assert client.line().startswith(b"+OK") and client.listing().startswith(b"1 uid-1\r\n2 uid-2\r\n")
    assert client.line().startswith(b"+OK") and verdict(client.listing())
    assert client.line().startswith(b"+OK") and client.quiet(0.2)
    assert drop.commands().count(b"UIDL") == 2


@pytest.mark.parametrize("kind", ("none", "headers", "audit"))
def test_no_command_of_its_own_where_nothing_is_scored(server, gate, bob, folder, kind):
    drop = server(Maildrop(MAIL))
    chain = {"none": {}, "headers": filters.headers(folder), "audit": filters.audit(folder)}[kind]
    client = bob(gate(drop.port, filters=chain))
    client.fetch(b"RETR 1")
    client.fetch(b"TOP 1 0")
    assert drop.commands()[2:] == [b"RETR 1", b"TOP 1 0"]


def test_across_sessions_and_workers(served, bob):
    _, running = served(workers=3)
    shown = {tuple(verdict(bob(running).fetch(command))) for command in (b"TOP 1 0", b"RETR 1", b"TOP 1 5") * 8}
    assert len(shown) == 1 and scored(running) == 1 and recalled(running) == 23
    assert len(set(re.findall(r"popgate\[(\d+)\].*verdict", running.log()))) > 1


def test_across_reconnects_with_other_numbers(server, gate, score, bob):
    """What is deleted moves the numbers: the unique ids say what is what."""
    state = {"mail": {b"a": SPAM, b"b": HAM}}
    drop = Maildrop([SPAM, HAM])
    drop.do_UIDL = lambda connection, argument: b"+OK\r\n" + b"".join(
        b"%d %s\r\n" % (i, uid) for i, uid in enumerate(state["mail"], 1)) + b".\r\n"
    running = gate(server(drop).port, filters=score)
    first = bob(running)
    assert [score_of(first.fetch(b"TOP %d 0" % number)) for number in (1, 2)] == [7.6, 0.5]
    assert first.ask(b"DELE 1").startswith(b"+OK") and first.ask(b"QUIT").startswith(b"+OK")
    state["mail"], drop.messages = {b"b": HAM}, [HAM]
    assert score_of(bob(running).fetch(b"TOP 1 0")) == 0.5
    assert scored(running) == 2


def test_other_users_have_their_own(served, bob):
    """The same unique id, and another mailbox: here it even is the same message."""
    _, running = served()
    for account in (BOB, EVE, BOB, EVE):
        bob(running, account).fetch(b"RETR 1")
    assert scored(running) == 2 and recalled(running) == 2


RECEIVED = b"Received: from a by b with SMTP id %s; Fri, 20 Nov 2026 10:00:00 +0000\r\n"


@pytest.mark.parametrize("other", (HAM, RECEIVED % b"2" + SPAM.replace(b"order your", b"throw away your")), ids=("name", "queue id"))
def test_a_unique_id_that_is_not(served, bob, other):
    """Of two messages at once, and of one behind another: what is written into the id, or into the message, does not count."""
    drop, running = served([RECEIVED % b"1" + SPAM, other], keys={"script": {"UIDL": b"+OK\r\n1 a\r\n2 a\r\n.\r\n"}})
    expected = [7.6, 0.5 if other == HAM else 4.5]
    client = bob(running)
    for _ in range(2):
        assert [score_of(client.fetch(b"RETR %d" % number)) for number in (1, 2)] == expected
    drop.serve.messages.reverse()
    client = bob(running)
    assert [score_of(client.fetch(b"RETR %d" % number)) for number in (1, 1, 2)] == [expected[1], expected[1], expected[0]]
    assert scored(running) == 7 and recalled(running) == 0


CRON = [mail.message("Cron <root@host> backup", body, b"X-Cron-Env: <HOME=/root>\r\n")
        for body in (b"nothing to do today.\r\n", b"order your pills now\r\n", b"order your pills now, all of you\r\n")]
SCORES = [0.5, 3.6]
ONE_ID = {"script": {"UIDL": lambda _, argument: b"+OK %s a\r\n" % argument if argument else b"+OK\r\n1 a\r\n.\r\n"}}


@pytest.mark.parametrize("uidl", ([b"UIDL"], [b"UIDL 1", b"UIDL 2"], []), ids=("list", "one by one", "not asked"))
def test_an_id_that_two_messages_have(served, bob, uidl):
    """It says nothing, however alike the messages are, and however it became known."""
    keys = {"script": {"UIDL": lambda _, argument: b"+OK %s a\r\n" % argument if argument else b"+OK\r\n1 a\r\n2 a\r\n.\r\n"}}
    _, running = served(CRON[:2], keys)
    for _ in range(2):
        client = bob(running)
        for command in uidl:
            (client.ask if b" " in command else client.fetch)(command)
        assert [score_of(client.fetch(command)) for command in (b"RETR 1", b"RETR 2", b"TOP 1 0", b"TOP 2 0")] == SCORES * 2
    assert recalled(running) == 0


@pytest.mark.parametrize("fetch", (b"RETR 1", b"TOP 1 0"))
@pytest.mark.parametrize("known", (True, False), ids=("fetched before", "deleted unseen"))
def test_an_id_that_is_given_again_after_a_delete(served, bob, fetch, known):
    """DELE ends what is known under it: the next message may have the same header and the same size."""
    assert len(CRON[0]) == len(CRON[1])
    drop, running = served([CRON[0]], ONE_ID)
    assert score_of(bob(running).fetch(fetch)) == 0.5
    client = bob(running)
    if known:
        assert score_of(client.fetch(fetch)) == 0.5
    assert client.ask(b"DELE 1").startswith(b"+OK") and client.ask(b"QUIT").startswith(b"+OK")
    drop.serve.messages[0] = CRON[1]
    assert score_of(bob(running).fetch(fetch)) == 3.6


def test_a_message_that_was_deleted_as_another_session_looked_at_it(served, bob):
    """What is noted between DELE and QUIT is forgotten as well; what RSET brings back may be known again."""
    drop, running = served([CRON[0]], ONE_ID)
    first, second = bob(running), bob(running)
    assert first.ask(b"DELE 1").startswith(b"+OK") and first.ask(b"RSET").startswith(b"+OK")
    second.fetch(b"RETR 1")
    assert first.ask(b"DELE 1").startswith(b"+OK")
    second.fetch(b"RETR 1")
    assert first.ask(b"QUIT").startswith(b"+OK")
    second.fetch(b"RETR 1")
    assert scored(running) == 3 and recalled(running) == 0


@pytest.mark.parametrize("command", (b"RETR 1", b"TOP 1 0"))
@pytest.mark.parametrize("other", (CRON[2], CRON[1].replace(b"/root>", b"/home>")), ids=("size", "header"))
def test_an_id_that_is_given_again(served, bob, command, other):
    """Unseen, to a message whose header, or whose size, is another."""
    drop, running = served([CRON[0]], ONE_ID)
    assert [score_of(bob(running).fetch(b"RETR 1")) for _ in range(2)] == [0.5, 0.5]
    assert (scored(running), recalled(running)) == (1, 1)
    drop.serve.messages[0] = other
    client = bob(running)
    if command == b"TOP 1 0" and other != CRON[2]:
        assert score_of(client.fetch(command)) == 0.5  # of what came; the header shows too late that it is another message
    assert score_of(client.fetch(b"RETR 1" if other != CRON[2] else command)) == 3.6
    assert recalled(running) == 1


def capped(most):
    """TOP as of a server that gives no more than so many lines."""
    def top(connection, argument):
        number, lines = argument.split(b" ")
        return Maildrop(MAIL).do_TOP(connection, b"%s %d" % (number, min(int(lines), most)))

    return {"script": {"TOP": top}}


def test_a_server_that_gives_few_lines(served, bob):
    """A part's verdict is that of the part, and not remembered for the whole."""
    _, running = served(keys=capped(10))
    client = bob(running)
    assert [score_of(client.fetch(b"TOP %d 0" % number)) for number in (1, 2)] == [4.5, 0.5]
    assert [score_of(client.fetch(b"RETR %d" % number)) for number in (1, 2)] == [7.6, 0.5]
    assert scored(running) == 3 and recalled(running) == 1
    assert score_of(client.fetch(b"TOP 1 0")) == 7.6


def refusing(most):
    def top(connection, argument):
        if int(argument.split(b" ")[1]) > most:
            return b"-ERR too many lines\r\n"
        return Maildrop(MAIL).do_TOP(connection, argument)

    return {"script": {"TOP": top}}


def test_a_server_that_refuses_many_lines(served, bob):
    """It is asked again with the client's number, once; what it does not have is refused as ever."""
    drop, running = served(keys=refusing(100), more={"hold_limit": "4K"})
    client = bob(running)
    client.ask(b"CAPA")
    client.listing()
    client.send(b"TOP 1 2\r\nTOP 2 1\r\nTOP 9 1\r\nNOOP\r\n")
    assert client.line().startswith(b"+OK") and client.listing().endswith(b"\r\n\r\nline 0\r\nline 1\r\n.\r\n")
    assert client.line().startswith(b"+OK") and client.listing().endswith(b"\r\n\r\nSee you.\r\n.\r\n")
    assert client.line() == b"-ERR what?\r\n" and client.line() == b"+OK done\r\n"
    assert drop.commands()[3:] == [b"UIDL", b"LIST", b"TOP 1 4096", b"TOP 1 2", b"TOP 2 1", b"TOP 9 1", b"NOOP"]
    assert bob(running).ask(b"TOP 1 101") == b"-ERR too many lines\r\n"


def test_a_message_that_is_not_there(served, bob):
    """The refusal is that of the client's own number; the next message is fetched as ever."""
    drop, running = served(more={"hold_limit": "4K"})
    client = bob(running)
    assert client.ask(b"TOP 9 1").startswith(b"-ERR")
    client.fetch(b"TOP 1 0")
    assert drop.commands()[2:] == [b"UIDL", b"LIST", b"TOP 9 4096", b"TOP 9 1", b"TOP 1 4096"]


def test_a_message_that_was_read_is_the_same(served, bob):
    """Some servers write into a message whether it was read."""
    drop, running = served()
    client = bob(running)
    top = client.fetch(b"TOP 1 0")
    drop.serve.messages[0] = SPAM.replace(b"To: ", b"Status: RO\r\nTo: ")
    retr = client.fetch(b"RETR 1")
    assert verdict(top) == verdict(retr) and b"Status: RO" in retr and recalled(running) == 1


@pytest.mark.parametrize("authzid, shared", ((b"", True), (BOB.user, True), (b"somebody", False)))
def test_who_acts_for_somebody_else_shares_nothing(served, bob, authzid, shared):
    drop, running = served()
    bob(running).fetch(b"RETR 1")
    client = Wire(running.port)
    client.greet()
    response = base64.b64encode(authzid + b"\0" + BOB.user + b"\0" + BOB.password)
    secrets_sent.add(response)
    assert client.ask(b"AUTH PLAIN " + response).startswith(b"+OK")
    client.fetch(b"RETR 1")
    client.fetch(b"TOP 1 0")
    client.socket.close()
    assert (scored(running), recalled(running)) == ((1, 2) if shared else (3, 0))
    assert drop.verbs().count(b"UIDL") == (2 if shared else 1)


def test_a_name_that_came_before_a_failed_login(served):
    """PASS comes right behind USER (RFC 1939, 7). Behind another login that was refused, nobody knows whom it is for."""
    drop, running = served()
    for account in (BOB, EVE):
        with Wire(running.port) as client:
            client.greet()
            assert client.ask(b"USER " + account.user).startswith(b"+OK")
            assert client.ask(b"AUTH PLAIN " + secret(b"\0somebody\0wrong")).startswith(b"-ERR")
            assert client.ask(b"PASS " + account.password).startswith(b"-ERR")
            assert client.ask(b"USER " + account.user).startswith(b"+OK")
            assert client.ask(b"PASS " + account.password).startswith(b"+OK")
            client.fetch(b"RETR 1")
    assert b"PASS" in drop.verbs() and scored(running) == 2


@pytest.mark.parametrize("mechanism, asked, answers", (
    (b"PLAIN", [b""], [b"\0%s\0%s" % EVE]), (b"LOGIN", [b"Username:", b"Password:"], EVE)), ids=("PLAIN", "LOGIN"))
def test_a_server_that_does_not_look_at_the_initial_response(served, bob, folder, mechanism, asked, answers):
    """Eve says she is Bob in the response that is passed over, and then logs in as herself."""
    def auth(connection, argument):
        for challenge in asked:
            connection.send(b"+ " + base64.b64encode(challenge) + b"\r\n")
            connection.line()
        return b"+OK welcome\r\n"

    drop, running = served(keys={"script": {"AUTH": auth}})
    bob(running).fetch(b"RETR 1")
    with Wire(running.port) as client:
        client.greet()
        first = b"\0%s\0%s" % BOB if mechanism == b"PLAIN" else BOB.user
        answer = client.ask(b"AUTH " + mechanism + b" " + secret(first))
        for response in answers:
            assert answer.startswith(b"+ ")
            answer = client.ask(secret(response))
        assert answer.startswith(b"+OK")
        client.fetch(b"RETR 1")
    assert scored(running) == 2 and recalled(running) == 0
    assert not re.search(r"user verdict-bob: logged in by " + mechanism.decode(), running.log())


def test_listeners_share_by_their_filters(server, folder):
    other = folder / "other"
    other.mkdir()
    chain = {**filters.score(folder), **filters.headers(folder), **filters.audit(folder)}
    chain["mild"] = {**filters.score(other, "body X /pills/\nscore X 1.5\n")["score"]}
    drop = server(Maildrop(MAIL))
    chains = {"in": ["score", "headers"], "same": ["score", "headers"], "more": ["score", "audit"], "mild": ["mild"],
              "behind": ["headers", "score"]}
    listeners = {name: {"tls": "none", "upstream": "server", "filters": names} for name, names in chains.items()}
    running = Gate(folder / "gate", listeners, {"server": {"server": [f"{HOST}:{drop.port}"]}}, chain).start()
    scores = {}
    for name in list(chains) * 2:
        with Wire(running.ports[name]) as client:
            scores.setdefault(name, set()).add(score_of(client.login(BOB).fetch(b"RETR 1")))
    running.stop()
    assert scores == {"in": {7.6}, "same": {7.6}, "more": {7.6}, "mild": {1.5}, "behind": {7.6}}
    assert scored(running) == 3 and recalled(running) == 7


@pytest.mark.parametrize("first", ("TOP", "RETR"))
def test_partial(served, bob, first):
    """TOP says what it brings, and what is known of the whole message where it is known; it is never known by TOP."""
    drop, running = served(more={"top_verdict": "partial"})
    client = bob(running)
    if first == "TOP":
        assert [score_of(client.fetch(b"TOP 1 0")) for _ in range(2)] == [4.5, 4.5]
        assert scored(running) == 2
    assert score_of(client.fetch(b"RETR 1")) == 7.6
    assert score_of(client.fetch(b"TOP 1 0")) == 7.6
    assert b"TOP 1 0" in drop.commands() and scored(running) == (3 if first == "TOP" else 1) and recalled(running) == 1


def test_a_top_that_reaches_the_limit_is_no_part(served, bob):
    long = mail.message("cheap pills", b"x" * 70 + b"\r\n") + (b"y" * 70 + b"\r\n") * 100
    _, running = served([long], more={"top_verdict": "partial", "hold_limit": "2K"})
    client = bob(running)
    client.fetch(b"TOP 1 60")
    client.fetch(b"RETR 1")
    assert scored(running) == 1 and recalled(running) == 1


@pytest.mark.parametrize("how", ("refused", "old"))
def test_server_without_uidl(served, bob, how):
    """Nothing is remembered, but with "full" TOP still says what RETR says."""
    drop, running = served(keys={"script": {"UIDL": b"-ERR no\r\n"}} if how == "refused" else {"old": True, "capa": None})
    client = bob(running)
    if how == "refused":
        assert verdict(client.fetch(b"TOP 1 0")) == verdict(client.fetch(b"RETR 1"))
        client.fetch(b"TOP 2 0")
        assert scored(running) == 3
    else:
        assert client.ask(b"TOP 1 0").startswith(b"-ERR")
        assert score_of(client.fetch(b"RETR 1")) == 7.6 == score_of(client.fetch(b"RETR 1"))
    assert drop.verbs().count(b"UIDL") == 1 and recalled(running) == 0


def test_no_cache(served, bob):
    drop, running = served(verdict_cache="0")
    client = bob(running)
    assert verdict(client.fetch(b"TOP 1 0")) == verdict(client.fetch(b"RETR 1"))
    assert scored(running) == 2 and b"UIDL" not in drop.verbs()


def test_ids_of_some_messages_only(served, bob):
    """A list with holes, and with lines that are none."""
    _, running = served(keys={"script": {"UIDL": b"+OK\r\n1 one\r\nnonsense\r\n3\r\n99 x\r\n.\r\n"}})
    client = bob(running)
    for command in (b"TOP 1 0", b"RETR 1", b"TOP 2 0", b"RETR 2", b"TOP 3 0"):
        client.fetch(command)
    assert scored(running) == 4 and recalled(running) == 1


@pytest.mark.parametrize("capa", (CAPA, None), ids=("pipelining", "one by one"))
def test_a_list_longer_than_is_remembered(served, bob, capa):
    """20,000 ids of 70 octets are more than a session keeps: those behind are asked for one by one."""
    count = 20_000

    def uidl(connection, argument):
        rows = [b"%d %070d" % (n, n) for n in ([int(argument)] if argument else range(1, count + 1))]
        return b"+OK " + rows[0] + b"\r\n" if argument else b"+OK\r\n" + b"\r\n".join(rows) + b"\r\n.\r\n"

    drop, running = served([SPAM] * count, keys={"script": {"UIDL": uidl}, "capa": capa})
    commands = [b"TOP 1 0", b"TOP 19001 0", b"RETR 19001", b"RETR 19002", b"TOP 19002 0", b"RETR 20000", b"TOP 19001 0",
                b"RETR 1"]
    for _ in range(2):
        client = bob(running)
        client.send(b"".join(command + b"\r\n" for command in commands))
        for command in commands:
            assert client.line().startswith(b"+OK"), command
            assert score_of(client.listing()) == 7.6
    assert scored(running) == 4 and recalled(running) == 12
    assert drop.verbs().count(b"UIDL") == 2 * (1 + 4) and drop.commands().count(b"UIDL") == 2


@pytest.mark.parametrize("capa", (CAPA, None), ids=("pipelining", "one by one"))
def test_pipelined(served, bob, capa):
    many = [mail.message("cheap pills" if i % 3 else "hello", b"%d\r\nmore\r\n" % i) for i in range(1, 61)]
    _, running = served(many, keys={"capa": capa})
    client = bob(running, timeout=20)
    commands = [b"%s %d%s" % (verb, number, b" 1" if verb == b"TOP" else b"")
                for number in range(1, 61) for verb in (b"TOP", b"RETR", b"TOP")]
    client.send(b"".join(command + b"\r\n" for command in commands) + b"NOOP\r\n")
    for command in commands:
        number = int(command.split()[1])
        assert client.line().startswith(b"+OK"), command
        text = client.listing()
        assert score_of(text) == (4.5 if number % 3 else 0.5) and b"\r\n\r\n%d\r\n" % number in text, command
        assert (b"\r\nmore\r\n" in text) == command.startswith(b"RETR"), command
    assert client.line().startswith(b"+OK") and client.quiet(0.1)
    assert scored(running) == 60


def test_a_small_cache_does_not_forget_what_was_asked_by_it(served, bob):
    """What is known when TOP is sent is known when its answer comes, for all that are under way."""
    _, running = served([SPAM] * 60, verdict_cache="1K")
    client = bob(running, timeout=20)
    for number in range(51, 59):
        client.fetch(b"TOP %d 0" % number)
    client.send(b"".join(b"TOP %d 0\r\n" % number for number in range(1, 61)))
    for _ in range(60):
        assert client.line().startswith(b"+OK") and score_of(client.listing()) == 7.6
    assert scored(running) == 60


def test_ten_megabytes(served, bob):
    """Scored on its first 512K both ways; the answer to TOP is short, and nothing is held for it."""
    line = b"z" * 70 + b"\r\n"
    big = SPAM + line * (10_000_000 // len(line)) + b"order your pills now\r\n"
    _, running = served([big], hold_memory="1M")
    client = bob(running, timeout=30)
    top = client.fetch(b"TOP 1 2")
    assert top.endswith(b"\r\n\r\nline 0\r\nline 1\r\n") and score_of(top) == 7.6
    whole = client.fetch(b"RETR 1")
    assert verdict(whole) == verdict(top) and whole.partition(b"\r\n\r\n")[2] == big.partition(b"\r\n\r\n")[2]
    assert scored(running) == 1


def test_what_is_known_is_not_held(served, bob):
    """The first lines are with the client while the server has not sent the last one."""
    got_half = threading.Event()

    def slow(connection, argument):
        connection.send(b"+OK\r\n" + SPAM[:-300])
        assert got_half.wait(5)
        connection.send(SPAM[-300:] + b".\r\n")

    _, running = served(keys={"script": {"RETR": slow}})
    client = bob(running)
    top = client.fetch(b"TOP 1 1")
    client.send(b"RETR 1\r\n")
    while b"line 1\r\n" not in client.buffer:
        client.more()
    got_half.set()
    assert client.line().startswith(b"+OK") and verdict(client.listing()) == verdict(top)


def test_a_killed_worker_takes_no_verdict_with_it(served, bob):
    _, running = served(workers=2)
    before = [verdict(bob(running).fetch(b"TOP %d 0" % number)) for number in (1, 2, 3, 4)]
    old = running.workers()
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    wait_for_workers(running, old, 2)
    assert [verdict(bob(running).fetch(b"RETR %d" % number)) for number in (1, 2, 3, 4)] == before
    assert scored(running) == 4 and recalled(running) == 4


def test_new_rules_make_new_verdicts(served, score, bob):
    """A session of before goes on by the old ones."""
    _, running = served()
    old = bob(running)
    assert score_of(old.fetch(b"TOP 1 0")) == 7.6
    score["score"]["rules"][0].write_text(filters.SPAM_RULES.replace("3.1", "2.1"))
    workers = running.workers()
    running.options["shutdown_timeout"] = "20s"
    running.reload()
    wait_for_workers(running, workers, 1)
    running.wait_log("was read again: generation")
    new = bob(running)
    assert score_of(new.fetch(b"RETR 1")) == 6.6 == score_of(new.fetch(b"TOP 1 0"))
    assert scored(running) == 2


def test_notes_go_with_their_generation(server, gate, folder):
    """
    What is shared, the notes, a worker's own batch of audit records and the tallies of sessions, is mapped by who uses it, and by
    nobody behind them: a new worker has of an old one that is still there the tally alone.
    """
    def maps():
        children = [Path(f"/proc/{pid}") for pid in running.workers()]
        return {(child / "comm").read_text().strip(): re.findall(r"(?m)^\S+ rw-s.* (\d+) +/dev/zero", (child / "maps").read_text())
                for child in children}

    running = gate(server(Maildrop(MAIL)).port, filters=filters.every(folder))
    both = {"popgate-worker", "popgate-auditor"}
    before = wait_until(lambda: set(maps()) == both and maps(), what="a worker and the auditor")
    workers = running.workers()
    running.reload()
    wait_until(lambda: len(set(workers) & set(running.workers())) == 1, what="the old worker is gone")
    after = wait_until(lambda: set(maps()) == both and maps(), what="a new worker")
    kept = set(before["popgate-worker"]) & set(after["popgate-worker"])
    assert len(before["popgate-worker"]) == 3 and len(after["popgate-worker"]) == 3 + len(kept) and len(kept) <= 1
    assert before["popgate-auditor"] == after["popgate-auditor"] == []


def half(connection, argument):
    connection.send(b"+OK\r\nSubject: cheap pills\r\n\r\nline\r\nline\r\n")
    connection.rst()


def test_server_dies_while_more_is_fetched(served, bob):
    """Nothing has gone out yet: the client gets an error, and no verdict is kept."""
    drop, running = served(keys={"script": {"TOP": half}})
    assert bob(running).ask(b"TOP 1 1").startswith(b"-ERR [SYS/TEMP]")
    drop.serve.script = {}
    assert score_of(bob(running).fetch(b"RETR 1")) == 7.6
    assert scored(running) == 1


def test_server_dies_behind_the_answer(served, bob):
    """All that the client asked for has passed, but the server has not ended it: no more than a reset is true."""
    def broken(connection, argument):
        connection.send(b"+OK\r\n" + SPAM + b"x\r\n" * 4000)
        connection.rst()

    _, running = served(keys={"script": {"TOP": broken}}, more={"hold_limit": "2K"})
    client = bob(running)
    client.send(b"TOP 1 1\r\n")
    got, how = client.rest()
    assert how == "rst" and b"\r\n.\r\n" not in got


def test_client_leaves_while_more_is_fetched(served, bob):
    drop, running = served([SPAM + b"x" * 70 + b"\r\n"], keys={"script": {"TOP": lambda connection, argument: connection.drain()}})
    client = bob(running)
    client.send(b"TOP 1 1\r\n")
    wait_until(lambda: b"TOP" in drop.verbs(), what="TOP at the server")
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()
    wait_until(lambda: drop.connections[0].ended, what="the server's connection ends")
    assert b"QUIT" not in drop.verbs()


def test_server_hangs_in_the_list(server, gate, score, bob):
    def stall(connection, argument):
        connection.send(b"+OK\r\n1 a\r\n")
        connection.drain(1)

    drop = server(Maildrop(MAIL, script={"UIDL": stall}))
    running = gate(drop.port, filters=score, upstream={"reply_timeout": "300ms"})
    assert bob(running).ask(b"RETR 1").startswith(b"-ERR [SYS/TEMP]")


def test_a_list_without_an_end(served, bob):
    """It goes nowhere, so nobody's leaving ends it."""
    rows = b"".join(b"%d uid%d\r\n" % (n, n) for n in range(1, 200_000))

    def endless(connection, argument):
        connection.send(b"+OK\r\n")
        while True:
            connection.send(rows)

    drop, running = served(keys={"script": {"UIDL": endless}})
    assert bob(running, timeout=30).ask(b"RETR 1").startswith(b"-ERR [SYS/TEMP]")
    wait_until(lambda: drop.connections[0].ended, what="the server's connection ends")


def test_deletes_wait_and_happen(served, bob):
    drop, running = served()
    client = bob(running)
    client.send(b"TOP 1 0\r\nDELE 1\r\nTOP 2 0\r\nQUIT\r\n")
    assert client.line().startswith(b"+OK") and verdict(client.listing())
    assert client.line().startswith(b"+OK")
    assert client.line().startswith(b"+OK") and verdict(client.listing())
    assert client.line().startswith(b"+OK")
    assert drop.connections[0].deleted == {b"1"} and drop.verbs()[-1] == b"QUIT"


@pytest.mark.parametrize("on_failure", ("pass", "refuse"))
def test_a_filter_that_cannot_hold(served, bob, on_failure):
    """What TOP asks for is more than there is room for: as with RETR."""
    _, running = served([mail.message("cheap pills", b"x" * 70 + b"\r\n" * 3000)], hold_memory="0", more={"on_failure": on_failure})
    (running.folder / "spool").rmdir()
    client = bob(running)
    top = client.ask(b"TOP 1 2000")
    if on_failure == "pass":
        assert top.startswith(b"+OK") and b"X-Spam" not in client.listing()
    else:
        assert top.startswith(b"-ERR [SYS/TEMP]")
    retr = client.ask(b"RETR 1")
    assert retr[:3] == top[:3] and scored(running) == 0


def test_utf8_is_another_view(server, gate, score, bob):
    """RFC 6856: the server may show another message after UTF8."""
    drop = server(Maildrop(MAIL, capa=[*CAPA, b"UTF8"], script={"UTF8": b"+OK\r\n"}))
    running = gate(drop.port, filters=score)
    for utf8 in (False, True, True):
        client = Wire(running.port)
        client.greet()
        if utf8:
            assert client.ask(b"UTF8").startswith(b"+OK")
        assert client.ask(b"USER " + BOB.user).startswith(b"+OK") and client.ask(b"PASS " + BOB.password).startswith(b"+OK")
        client.fetch(b"RETR 1")
        client.socket.close()
    assert scored(running) == 2 and recalled(running) == 1


def test_the_audit_log_tells_what_the_client_asked_for(server, gate, folder, bob):
    """The same record, whether the message was fetched for the score or its verdict known."""
    running = gate(server(Maildrop(MAIL)).port, filters=filters.every(folder, subject_tag="[SPAM] "))
    client = bob(running)
    tops = [client.fetch(b"TOP 1 3") for _ in range(2)]
    client.fetch(b"RETR 1")
    client.fetch(b"RETR 1")
    found = [{key: item for key, item in record.items() if key not in ("time", "ms")}
             for record in wait_until(lambda: messages(folder)[3:] and messages(folder), what="the records")]
    assert tops[0] == tops[1] and found[0] == found[1] and found[2] == found[3]
    top, retr = found[0], found[2]
    assert (top["command"], retr["command"]) == ("TOP", "RETR")
    assert top["octets_out"] == len(tops[0]) and top["octets_in"] == len(top_of(SPAM, 3)) and retr["octets_in"] == len(SPAM)
    for key in ("score", "required", "rules", "changes", "subject", "from", "uidl"):
        assert top[key] == retr[key], key
    assert top["subject"] == "cheap pills"


@pytest.mark.parametrize("first", ("TOP", "RETR"))
@pytest.mark.parametrize("order", (["large", "small"], ["small", "large"]), ids=lambda order: order[0] + " first")
def test_two_that_score(server, folder, order, first):
    """Each has the last word in its turn, whichever has seen enough first: the header is the last one's, known or not."""
    (folder / "other").mkdir()
    chain = {"small": filters.score(folder, hold_limit="2K")["score"],
             "large": filters.score(folder / "other", "body X /pills/\nscore X 1.5\n", hold_limit="8K")["score"]}
    long = mail.message("cheap pills", b"y" * 70 + b"\r\n" * 1500 + b"order your pills now\r\n")
    running = Gate(folder / "gate", {"in": {"tls": "none", "upstream": "server", "filters": order}},
                   {"server": {"server": [f"{HOST}:{server(Maildrop([long])).port}"]}}, chain).start()
    with Wire(running.port) as client:
        client.login(BOB)
        scores = [score_of(client.fetch(b"TOP 1 0" if step == "TOP" else b"RETR 1")) for step in (first, "TOP", "RETR")]
    running.stop()
    assert scores == [1.5 if order[1] == "large" else 4.5] * 3


@pytest.mark.parametrize("lines, end", ((0, b"\n\n"), (1, b"\n\n.a\n"), (2, b"\n\n.a\n..b\n"), (9, b"\n\n.a\n..b\n.\n")))
def test_bare_lf_pass(server, gate, score, bob, lines, end):
    """A bare LF is no line's start for the client then, and no line's end in front of the dot."""
    text = b"Subject: cheap pills\nFrom: Ann <ann@example.org>" + b"\n\n.a\n..b\n.\n"
    client = bob(gate(server(Maildrop([text])).port, {"bare_lf": "pass"}, filters=score))
    whole = client.fetch(b"RETR 1")
    client = bob(gate(server(Maildrop([text], script={"TOP": b"+OK\r\n" + stuff(text)})).port, {"bare_lf": "pass"}, filters=score))
    top = client.fetch(b"TOP 1 %d" % lines)
    assert top.endswith(b"example.org>" + end + b"\r\n") and client.ask(b"NOOP").startswith(b"+OK")
    assert top.partition(b"\n\n")[0] == whole.partition(b"\n\n")[0]


def test_spam_in_the_wire_form(served, bob):
    """Dots are stuffed in an answer that popgate has cut."""
    _, running = served()
    client = bob(running)
    client.send(b"TOP 1 41\r\n")
    assert client.line().startswith(b"+OK")
    assert client.listing().endswith(stuff(b"line 39\r\n.dot\r\n"))
