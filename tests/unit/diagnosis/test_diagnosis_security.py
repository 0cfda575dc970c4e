"""What a host or a registry says goes into commands that people paste: quoted."""

from __future__ import annotations

import shlex

from k8sboot.diagnosis.finding import cure


def test_values_of_the_evidence_are_quoted_in_commands_and_only_there():
    found = cure("of {a}: run `rm {a} {b}`, or `ls {a}`", {"a": "x;curl y|sh", "b": "n1"})
    assert found == "of x;curl y|sh: run `rm 'x;curl y|sh' n1`, or `ls 'x;curl y|sh'`"


def test_no_value_is_more_than_one_word_of_the_command():
    for value in ("$(id)", "`id`", "a b", "a'b", "x\n", "--all"):
        command = cure("`run {v}`", {"v": value})[1:-1]
        assert shlex.split(command) == ["run", value]
