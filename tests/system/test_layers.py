"""make layers: who may know whom. Each rule is broken once, in a copy of the tree."""
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYERS = ROOT / "tests/layers"
FOLDERS = ("base", "rules", "filters", "tools", "proxy")


@pytest.fixture
def tree(tmp_path):
    for folder in FOLDERS:
        if (ROOT / folder).exists():
            shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def check(tree):
    return subprocess.run([LAYERS, tree], capture_output=True, text=True, timeout=60)


def test_the_tree_keeps_the_rules(tree):
    done = check(tree)
    assert done.returncode == 0 and not done.stdout and not done.stderr


@pytest.mark.parametrize("file, include", [
    ("base/x.c", '"rules/regex/regex.h"'),
    ("base/x.c", '"proxy/log.h"'),
    ("base/x.c", "<event2/event.h>"),
    ("base/x.c", "<pcre2.h>"),
    ("rules/spamassassin/x.c", '"filters/headers.h"'),
    ("rules/spamassassin/x.c", '"proxy/log.h"'),
    ("rules/spamassassin/x.c", "<event2/buffer.h>"),
    ("rules/spamassassin/x.c", "<openssl/ssl.h>"),
    ("rules/mail/x.c", '"rules/spamassassin/score.h"'),
    ("rules/mail/x.c", '"rules/eval/eval.h"'),
    ("rules/mail/x.c", "<pcre2.h>"),
    ("rules/eval/x.c", '"rules/spamassassin/ruleset.h"'),
    ("rules/eval/x.c", '"rules/prefilter/prefilter.h"'),
    ("rules/eval/x.c", "<libxml/tree.h>"),
    ("rules/prefilter/x.c", '"rules/mail/mail.h"'),
    ("rules/prefilter/x.c", '"rules/spamassassin/ruleset.h"'),
    ("rules/prefilter/x.c", "<glib.h>"),
    ("rules/spamassassin/x.c", "<libxml/tree.h>"),
    ("filters/x.c", '"proxy/log.h"'),
    ("filters/x.c", '"proxy/session/session.h"'),
    ("filters/x.h", "<event2/event.h>"),
    ("filters/x.c", "<openssl/ssl.h>"),
    ("tools/x.c", '"proxy/config/config.h"'),
    ("proxy/log.c", '"proxy/net/peer.h"'),
    ("proxy/pop3/dot.c", "<event2/buffer.h>"),
    ("proxy/pop3/pop3.c", '"proxy/log.h"'),
    ("proxy/pop3/pop3.h", "<openssl/ssl.h>"),
    ("proxy/net/peer.c", '"proxy/pop3/dot.h"'),
    ("proxy/net/peer.c", '"proxy/session/session.h"'),
    ("proxy/net/peer.c", '"filters/chain.h"'),
    ("proxy/config/config.c", '"proxy/shared/notes.h"'),
    ("proxy/shared/notes.c", '"proxy/net/peer.h"'),
    ("proxy/audit/audit.c", '"proxy/config/config.h"'),
    ("proxy/message/message.c", '"proxy/config/config.h"'),
    ("proxy/message/message.c", '"proxy/session/session.h"'),
    ("proxy/upstream/upstream.c", '"proxy/session/session.h"'),
    ("proxy/session/session.c", '"proxy/process/worker.h"'),
    ("proxy/process/master.c", '"proxy/upstream/upstream.h"'),
    ("proxy/pop3/dot.c", '"pop3.h"'),
    ("proxy/pop3/dot.c", '"../pop3/pop3.h"'),
    ("proxy/pop3/dot.c", "HEADER"),
    ("proxy/new/x.c", "<stdio.h>"),
    ("rules/x.c", "<stdio.h>"),
    ("new/x.c", "<stdio.h>"),
])
def test_a_broken_rule_is_named(tree, file, include):
    broken = tree / file
    broken.parent.mkdir(exist_ok=True)
    with open(broken, "a", encoding="utf-8") as source:
        source.write(f"\n  #  include {include}\n")
    done = check(tree)
    assert done.returncode == 1
    assert done.stdout.startswith(f"{file}:") and done.stdout.count("\n") == 1


def test_a_grep_that_fails_is_no_success(tree):
    (tree / "base/dangling.h").symlink_to("nowhere")
    assert check(tree).returncode == 1


def test_a_tree_without_code_is_no_success(tmp_path):
    assert check(tmp_path).returncode == 1
