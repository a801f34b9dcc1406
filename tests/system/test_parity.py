"""
SpamAssassin's stock rules on odd mail of our own, and on real mail where there is a corpus: popgate gives each message the hits
and the score that SpamAssassin itself gives it, first with the plugins whose rules are patterns, then with all that popgate has
functions of. The tables of agreement are printed, and left in build/.
"""
import concurrent.futures
import shutil

import pytest

import odd_mail
import parity
from places import BUILD, HERE, POPGATE, run

# Those whose rules are patterns; and those whose functions the most used rules call.
PATTERNS = ("Check", "ReplaceTags", "MIMEHeader")
WANTED = {*PATTERNS, "HTMLEval", "MIMEEval", "HeaderEval", "BodyEval", "FreeMail", "URIDetail"}

# Rules on which the two may disagree, of each set of messages: on how many messages at most, and why.
KNOWN = {"odd": {}, "real": {}}


@pytest.fixture(scope="module")
def own_plugins(new_folder):
    """Those of SpamAssassin's plugins that popgate says it has, by rules that ask for them."""
    parity.skip_without_spamassassin()
    names = sorted(path.stem for path in parity.plugin_folder().glob("*.pm"))
    rules = new_folder("plugins") / "ask.cf"
    rules.write_text("".join(f"ifplugin Mail::SpamAssassin::Plugin::{name}\nheader HAS_{name} Subject =~ /./\nendif\n" for name in names))
    told = run(POPGATE, "score", "-r", rules, "-", input=b"Subject: x\n\n").stdout.decode()
    return [name.removeprefix("HAS_") for name in told.strip().split("\t")[2].split(",")]


@pytest.fixture(scope="module")
def odd_messages(new_folder):
    folder = new_folder("odd-mail")
    for name, octets in odd_mail.MESSAGES.items():
        (folder / name).write_bytes(octets)
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def rules(new_folder):
    """SpamAssassin's, and with them some that count what they see."""
    parity.skip_without_spamassassin()
    folder = new_folder("parity-rules")
    for file in (*parity.RULES.glob("*.cf"), HERE / "counting.cf"):
        shutil.copy(file, folder)
    return folder


@pytest.fixture(scope="module", params=("odd", "real"))
def messages(request):
    """Which set, and the files. Real mail is left out where there is none."""
    return request.param, request.getfixturevalue({"odd": "odd_messages", "real": "real_mail"}[request.param])


@pytest.fixture(scope="module")
def comparisons(messages, own_plugins, rules, new_folder):
    """One for each set of plugins: a function that waits for it. SpamAssassin is asked for both at once."""
    name, files = messages
    folder = new_folder(f"parity-{name}")
    waiting = {}
    with concurrent.futures.ThreadPoolExecutor() as threads:
        for plugins, names in {"patterns": PATTERNS, "with evals": own_plugins}.items():
            pre = folder / f"{plugins.replace(' ', '-')}.pre"
            pre.write_text("enable_compat capture_first_mail\n" +
                           "".join(f"loadplugin Mail::SpamAssassin::Plugin::{each}\n" for each in names))
            waiting[plugins] = [threads.submit(ask, rules, pre, *more) for ask, more in (
                (parity.ask_spamassassin, (files,)), (parity.ask_popgate, (files,)), (parity.kinds_of_rules, ()))]
        yield {plugins: parity.Comparison(*(each.result() for each in results)) for plugins, results in waiting.items()}


@pytest.fixture(scope="module")
def tables(messages, comparisons):
    """Where they can be read later."""
    text = "\n".join(comparison.table(f"{messages[0]}, {name}") for name, comparison in comparisons.items())
    (BUILD / f"parity-{messages[0]}.txt").write_text(text)
    return text


def test_the_most_used_plugins_are_there(own_plugins):
    assert WANTED <= set(own_plugins)


def test_there_is_odd_mail_of_all_kinds():
    assert len(odd_mail.MESSAGES) > 80
    assert {name.partition("-")[0] for name in odd_mail.MESSAGES} == {"relays", "headers", "body", "mime", "html", "uri", "nothing"}


def test_the_table_is_shown(tables, capsys):
    with capsys.disabled():
        print(f"\n\n{tables}")


@pytest.mark.parametrize("plugins", ("patterns", "with evals"))
def test_hits_are_those_of_spamassassin(messages, comparisons, tables, plugins):
    """Of all pairs of a message and a rule where either says hit both do for 99.5 %: of patterns and metas, of functions, of all."""
    comparison = comparisons[plugins]
    assert len(comparison.rules) > (250 if messages[0] == "odd" else 500)
    for what, wanted in {"functions": parity.is_function, "no functions": lambda kind: not parity.is_function(kind),
                         "all": lambda kind: True}.items():
        assert comparison.count(wanted).share >= 0.995, f"{what}\n{tables}"


@pytest.mark.parametrize("plugins", ("patterns", "with evals"))
def test_scores_are_those_of_spamassassin(messages, comparisons, tables, plugins):
    """Of odd mail, each: the points of rules that count say how much of a message the two see."""
    comparison = comparisons[plugins]
    assert comparison.scores >= (1 if messages[0] == "odd" else 0.99), f"{tables}\n{comparison.other_scores}"


@pytest.mark.parametrize("plugins", ("patterns", "with evals"))
def test_every_disagreement_is_known(messages, comparisons, plugins):
    """Each has a cause, named above, and is on no more messages than are named there."""
    found = comparisons[plugins].disagreements()
    unknown = [f"{rule}: {count}" for rule, count in found.items() if count.wrong > KNOWN[messages[0]].get(rule, (0, ""))[0]]
    assert not unknown, "\n".join(unknown)


def test_what_is_known_is_still_so(messages, comparisons):
    found = {rule for comparison in comparisons.values() for rule in comparison.disagreements()}
    assert not KNOWN[messages[0]].keys() - found
