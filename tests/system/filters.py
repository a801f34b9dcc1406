"""Rule files and filter sections for the tests."""

SPAM_RULES = r"""
header   SUBJECT_CHEAP   Subject =~ /cheap pills/i
describe SUBJECT_CHEAP   Subject offers cheap pills
score    SUBJECT_CHEAP   4.0
body     BODY_PILLS      /order your pills now/i
describe BODY_PILLS      Body offers pills
score    BODY_PILLS      3.1
header   FROM_ANN        From =~ /ann\@example\.org/
describe FROM_ANN        From Ann
score    FROM_ANN        0.5
"""
HEADER_RULES = r"""
/^X-Remove-Me:/          IGNORE
/^X-Original: (.*)/      REPLACE X-Replaced: $1
/^X-Prepend-Me:/         PREPEND X-Prepended: yes
"""


def audit(folder):
    return {"audit": {"module": "audit-log", "path": folder / "audit.jsonl"}}


def headers(folder, rules=HEADER_RULES):
    file = folder / "header_checks"
    file.write_text(rules)
    return {"headers": {"module": "header-rewrite", "rules": [file]}}


def score(folder, rules=SPAM_RULES, **keys):
    file = folder / "rules.cf"
    file.write_text(rules)
    return {"score": {"module": "spam-score", "rules": [file], "required_score": 5.0, **keys}}


def every(folder, **keys):
    return {**score(folder, **keys), **headers(folder), **audit(folder)}
