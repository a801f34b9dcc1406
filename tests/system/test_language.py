"""
SpamAssassin's rule language: each rule file of tests/language.rules hits the same message by the same rules in SpamAssassin.
That popgate has it so too is shown by tests/unit/spamassassin/test_language.c.
"""
import os

import pytest

import parity
from places import POPGATE, ROOT, run

PLUGINS = ("Check", "ReplaceTags", "MIMEHeader", "HeaderEval", "FreeMail")
BLOCKS = ROOT / "tests/language.rules"

# Compiles and runs each rule file in a process of its own, as SpamAssassin keeps rules of one name for all its life. Standard
# input: the message and the rule files, each ended by a NUL. Prints a line "hit: RULE,RULE" for each file, among others that
# SpamAssassin prints about metas whose name is one letter.
ASK = r"""
    use strict; use warnings; use Mail::SpamAssassin;
    my ($plugins) = @ARGV;
    binmode STDIN;
    my ($message, @files) = split /\0/, join '', <STDIN>;
    $| = 1;
    for my $file (@files) {
        my $child = fork() // die "fork: $!";
        if ($child) { waitpid $child, 0; next; }
        my $assassin = Mail::SpamAssassin->new({
            config_text => "${plugins}util_rb_tld com example\nbody __NEVER /this is not there/\n${file}\nuse_bayes 0\n",
            rules_filename => '/nonexistent', site_rules_filename => '/nonexistent', userprefs_filename => '/nonexistent',
            dont_copy_prefs => 1, local_tests_only => 1});
        $assassin->init(0);
        my $status = $assassin->check($assassin->parse($message));
        my %hit = map {; $_ => 1 } map { split /,/ } scalar $status->get_names_of_tests_hit(),
            scalar $status->get_names_of_subtests_hit();
        print "\nhit: ", join(',', sort keys %hit), "\n";
        exit 0;
    }
"""


def read_blocks():
    """The message, and a list of rule files, each with the names of the rules that hit."""
    _, message, *files = BLOCKS.read_bytes().split(b"\n###")
    blocks = [file.partition(b"\n") for file in files]
    return (message.partition(b"\n")[2] + b"\n",
            [(text + b"\n", names.strip().decode()) for names, _, text in blocks if not names.strip().startswith(b"#")])


def test_spamassassin_has_it_so():
    parity.skip_without_spamassassin()
    message, files = read_blocks()
    plugins = "".join(f"loadplugin Mail::SpamAssassin::Plugin::{name}\n" for name in PLUGINS)
    printed = run("perl", "-e", ASK, plugins, input=b"\0".join((message, *(text for text, _ in files))),
                  env={**os.environ, "LC_ALL": "C", "LANGUAGE": ""}).stdout.decode().splitlines()
    told = [line.removeprefix("hit: ") for line in printed if line.startswith("hit: ")]
    assert len(told) == len(files) > 30
    wrong = [f"{text.decode(errors='replace')}hits {hits or 'nothing'} and not {names or 'nothing'}"
             for (text, names), hits in zip(files, told) if hits != names]
    assert not wrong, "\n\n".join(wrong)


# The first words of all lines that SpamAssassin and its plugins know.
WORDS = r"""
    use strict; use warnings; use Mail::SpamAssassin;
    local $SIG{__WARN__} = sub {};  # about plugins whose libraries are not installed
    my $assassin = Mail::SpamAssassin->new({config_text => join('', map { "tryplugin Mail::SpamAssassin::Plugin::$_\n" } @ARGV),
        rules_filename => '/nonexistent', site_rules_filename => '/nonexistent', userprefs_filename => '/nonexistent',
        dont_copy_prefs => 1, local_tests_only => 1});
    $assassin->init(0);
    print "word: $_\n" for sort keys %{$assassin->{conf}{parser}{command_luts}};
"""


def test_every_word_of_spamassassin_is_known(tmp_path):
    parity.skip_without_spamassassin()
    plugins = sorted(path.stem for path in parity.plugin_folder().glob("*.pm"))
    words = [line.removeprefix("word: ") for line in run("perl", "-e", WORDS, *plugins).stdout.decode().splitlines()
             if line.startswith("word: ")]
    assert {"score", "report_safe", "bayes_path", "redirector_pattern", "uridnsbl", "replace_tag", "freemail_add_describe_email"} <= {*words}
    (tmp_path / "words.cf").write_text("".join(f"{word} A\n" for word in words))
    said = run(POPGATE, "score", "--lint", "-r", tmp_path / "words.cf", check=False).stderr.decode()
    assert "unknown directive" not in said, said
    (tmp_path / "words.cf").write_text("nonsense A\n")
    assert "unknown directive" in run(POPGATE, "score", "--lint", "-r", tmp_path / "words.cf", check=False).stderr.decode()
