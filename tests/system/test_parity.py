"""
SpamAssassin's stock rules on real mail: popgate gives each message the hits and the score that SpamAssassin itself gives it,
first with the plugins whose rules are patterns, then with all that popgate has functions of. The table of agreement is
printed, and left in build/parity.txt.
"""
import concurrent.futures

import pytest

import parity
from places import BUILD, POPGATE, run

# Those whose rules are patterns; and those whose functions the most used rules call.
PATTERNS = ("Check", "ReplaceTags", "MIMEHeader")
WANTED = {*PATTERNS, "HTMLEval", "MIMEEval", "HeaderEval", "BodyEval", "FreeMail", "URIDetail"}

# Rules on which the two may disagree: on how many messages at most, and why.
KNOWN = {}


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
def comparisons(real_mail, own_plugins, new_folder):
    """One for each set of plugins: a function that waits for it. SpamAssassin needs a minute for each, on its own core."""
    folder = new_folder("parity")
    waiting = {}
    with concurrent.futures.ThreadPoolExecutor() as threads:
        for name, plugins in {"patterns": PATTERNS, "with evals": own_plugins}.items():
            pre = folder / f"{name.replace(' ', '-')}.pre"
            pre.write_text("enable_compat capture_first_mail\n" +
                           "".join(f"loadplugin Mail::SpamAssassin::Plugin::{plugin}\n" for plugin in plugins))
            waiting[name] = [threads.submit(ask, pre, *more) for ask, more in (
                (parity.ask_spamassassin, (real_mail,)), (parity.ask_popgate, (real_mail,)), (parity.kinds_of_rules, ()))]
        yield {name: parity.Comparison(*(each.result() for each in results)) for name, results in waiting.items()}


@pytest.fixture(scope="module")
def tables(comparisons):
    """Where they can be read later."""
    text = "\n".join(comparison.table(name) for name, comparison in comparisons.items())
    (BUILD / "parity.txt").write_text(text)
    return text


def test_the_most_used_plugins_are_there(own_plugins):
    assert WANTED <= set(own_plugins)


def test_the_table_is_shown(tables, capsys):
    with capsys.disabled():
        print(f"\n\n{tables}")


@pytest.mark.parametrize("plugins", ("patterns", "with evals"))
def test_hits_are_those_of_spamassassin(comparisons, tables, plugins):
    """Of all pairs of a message and a rule where either says hit both do for 99.5 %: of patterns and metas, of functions, of all."""
    comparison = comparisons[plugins]
    assert len(comparison.rules) > 500
    for what, wanted in {"functions": parity.is_function, "no functions": lambda kind: not parity.is_function(kind),
                         "all": lambda kind: True}.items():
        assert comparison.count(wanted).share >= 0.995, f"{what}\n{tables}"


@pytest.mark.parametrize("plugins", ("patterns", "with evals"))
def test_scores_are_those_of_spamassassin(comparisons, tables, plugins):
    assert comparisons[plugins].scores >= 0.99, tables


@pytest.mark.parametrize("plugins", ("patterns", "with evals"))
def test_every_disagreement_is_known(comparisons, plugins):
    """Each has a cause, named above, and is on no more messages than are named there."""
    found = comparisons[plugins].disagreements()
    unknown = [f"{rule}: {count}" for rule, count in found.items() if count.wrong > KNOWN.get(rule, (0, ""))[0]]
    assert not unknown, "\n".join(unknown)


def test_what_is_known_is_still_so(comparisons):
    found = {rule for comparison in comparisons.values() for rule in comparison.disagreements()}
    assert not KNOWN.keys() - found
