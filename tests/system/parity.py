"""What SpamAssassin and popgate say of the same messages, side by side: hits by kind of rule, scores, and who disagrees where."""
import collections
import pathlib
import shutil

import pytest

from places import POPGATE, run

RULES = pathlib.Path("/usr/share/spamassassin")

# SpamAssassin with the rules of a folder and the plugins of a file.
ASSASSIN = r"""
    use strict; use warnings; use Mail::SpamAssassin;
    sub assassin {
        my ($rules, $pre) = @_;
        open my $file, '<', $pre or die "$pre: $!";
        my $assassin = Mail::SpamAssassin->new({rules_filename => $rules, site_rules_filename => '/nonexistent',
            userprefs_filename => '/nonexistent', pre_config_text => join('', <$file>), dont_copy_prefs => 1, local_tests_only => 1,
            post_config_text => "use_bayes 0\nreport_safe 0\n"});
        $assassin->init(0);
        return $assassin;
    }
"""

# One line for each message: FILE TAB SCORE TAB RULES TAB SUBRULES.
ASK = ASSASSIN + r"""
    my ($rules, $pre, @messages) = @ARGV;
    my $assassin = assassin($rules, $pre);
    for my $message (@messages) {
        open my $file, '<:raw', $message or die "$message: $!";
        my $mail = $assassin->parse(join('', <$file>));
        my $status = $assassin->check($mail);
        printf "%s\t%.3f\t%s\t%s\n", $message, $status->get_score(), scalar $status->get_names_of_tests_hit(),
            scalar $status->get_names_of_subtests_hit();
        $status->finish();
        $mail->finish();
    }
"""

# The names of all rules that SpamAssassin makes of RULES with the plugins of PRE, each with its kind: NAME TAB KIND.
KINDS = ASSASSIN + r"""
    my $conf = assassin(@ARGV)->{conf};
    sub kind_of_eval {
        my $function = shift;
        return 'mimeheader' if $function =~ /^_mimeheader_/;
        my $plugin = ref $conf->{eval_plugins}{$function} || 'no plugin';
        return 'eval ' . $plugin =~ s/.*:://r;
    }
    print "$_\tmeta\n" for keys %{$conf->{meta_tests}};
    for my $kind (qw(head body rawbody full uri)) {
        for my $rules (values %{$conf->{"${kind}_tests"}}) {
            print "$_\t", $kind eq 'head' ? 'header' : $kind, "\n" for keys %$rules;
        }
        for my $rules (values %{$conf->{"${kind}_evals"}}) {
            print "$_\t", kind_of_eval($rules->{$_}[0]), "\n" for keys %$rules;
        }
    }
"""
ORDER = ("header", "body", "rawbody", "full", "uri", "mimeheader", "meta")


def skip_without_spamassassin():
    if not (RULES / "72_active.cf").exists():
        pytest.skip(f"SpamAssassin's stock rules are not in {RULES}")
    if not shutil.which("perl") or run("perl", "-MMail::SpamAssassin", "-e1", check=False).returncode:
        pytest.skip("SpamAssassin is not installed")


def plugin_folder():
    """Where SpamAssassin's own plugins are."""
    return pathlib.Path(run("perl", "-MMail::SpamAssassin::Plugin", "-e", "print $INC{'Mail/SpamAssassin/Plugin.pm'}")
                        .stdout.decode()).with_suffix("")


def kinds_of_rules(rules, pre):
    done = run("perl", "-e", KINDS, rules, pre)
    return dict(line.split("\t") for line in done.stdout.decode().splitlines())


def ask_spamassassin(rules, pre, messages):
    return read(run("perl", "-e", ASK, rules, pre, *messages, timeout=1200).stdout)


def ask_popgate(rules, pre, messages):
    return read(run(POPGATE, "score", "-r", pre, "-r", rules, "--subrules", *messages, timeout=600).stdout)


def read(output):
    """{message: (score, rules that hit)} of lines MESSAGE TAB SCORE TAB RULES TAB SUBRULES; in SpamAssassin's, rules repeat."""
    verdicts = {}
    for line in output.decode().splitlines():
        name, points, *rules = line.split("\t")
        verdicts[name] = float(points), {rule for names in rules for rule in names.split(",") if rule}
    return verdicts


class Count:
    """Pairs of a message and a rule where somebody says hit: who."""

    def __init__(self):
        self.both = self.theirs = self.ours = 0

    def add(self, other):
        self.both, self.theirs, self.ours = self.both + other.both, self.theirs + other.theirs, self.ours + other.ours
        return self

    def __str__(self):
        return f"SpamAssassin alone {self.theirs}, popgate alone {self.ours}, both {self.both}"

    @property
    def wrong(self):
        return self.theirs + self.ours

    @property
    def share(self):
        pairs = self.both + self.wrong
        return self.both / pairs if pairs else 1.0


def is_function(kind):
    """Is it the kind of a rule that is a function, eval:, not a pattern or an expression?"""
    return kind.startswith("eval ")


class Comparison:
    """
    `rules` has a Count for each rule that anybody saw; `scores` is the share of messages whose scores agree within 0.01,
    `other_scores` has both scores of the others.
    """

    def __init__(self, theirs, ours, kinds):
        assert theirs.keys() == ours.keys()
        self.kinds = kinds
        self.rules = collections.defaultdict(Count)
        for name, (_, their_hits) in theirs.items():
            our_hits = ours[name][1]
            for rule in their_hits | our_hits:
                count = self.rules[rule]
                count.both += rule in their_hits and rule in our_hits
                count.theirs += rule not in our_hits
                count.ours += rule not in their_hits
        self.messages = len(theirs)
        self.other_scores = {name: (theirs[name][0], ours[name][0]) for name in theirs
                             if abs(theirs[name][0] - ours[name][0]) > 0.01 + 1e-9}
        self.scores = 1 - len(self.other_scores) / len(theirs)

    def kind(self, rule):
        return self.kinds.get(rule, "unknown")

    def count(self, wanted=lambda kind: True):
        """All rules of the kinds wanted, together."""
        total = Count()
        for rule, count in self.rules.items():
            if wanted(self.kind(rule)):
                total.add(count)
        return total

    def disagreements(self):
        return {rule: count for rule, count in sorted(self.rules.items()) if count.wrong}

    def table(self, title):
        lines = [f"{title:<26}{'both':>9}{'SpamAssassin only':>20}{'popgate only':>15}{'agreement':>12}"]
        seen = sorted({self.kind(rule) for rule in self.rules},
                      key=lambda kind: (ORDER.index(kind) if kind in ORDER else len(ORDER), kind))
        rows = [(kind, self.count(lambda each, kind=kind: each == kind)) for kind in seen]
        for name, count in rows + [("all", self.count())]:
            lines.append(f"{name:<26}{count.both:>9}{count.theirs:>20}{count.ours:>15}{count.share:>12.2%}")
        lines.append(f"{f'scores of {self.messages} messages':<26}{'':>44}{self.scores:>12.2%}")
        return "\n".join(lines) + "\n"
