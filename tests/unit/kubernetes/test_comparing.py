"""Two values may be written in two ways and mean the same."""

from __future__ import annotations

import pytest

from k8sboot.kubernetes.comparing import Difference, differing, is_same, merged


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("60s", "1m0s"),
        ("1h30m", "90m0s"),
        ("500ms", "0.5s"),
        ("0.5", "500m"),
        ("1Gi", "1024Mi"),
        ("2k", "2000"),
        (200, "200"),
        (True, "true"),
        (["a", "1m"], ["a", "60s"]),
        ([{"name": "x", "size": 1}], [{"size": "1", "name": "x"}]),
        ([], []),
        ({}, {}),
    ],
)
def test_what_means_the_same_is_the_same(one: object, other: object) -> None:
    assert is_same(one, other)
    assert is_same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("60s", "61s"),
        ("1G", "1Gi"),
        ("5m", "5"),
        (False, None),
        (0, None),
        ("", None),
        ([], None),
        (["a", "b"], ["b", "a"]),
        (["a"], "a"),
        ({"a": 1}, {"a": 1, "b": 2}),
        ("1" * 4000, "2" * 4000),
    ],
)
def test_what_does_not_is_not(one: object, other: object) -> None:
    assert not is_same(one, other)
    assert not is_same(other, one)


def test_only_what_is_wanted_counts_and_a_null_does_not() -> None:
    wanted = {"a": {"b": 1, "c": None, "d": ["x"]}, "e": "new", "f": {}}
    found = {"a": {"b": "1", "c": 2}, "e": "old", "z": 3}
    assert list(differing(wanted, found, where="k")) == [
        Difference("k.a.d", "none", '["x"]'),
        Difference("k.e", "old", "new"),
    ]
    assert [each.key for each in differing(wanted, "text", where="k")] == ["k.a.b", "k.a.d", "k.e"]


def test_merging_keeps_how_a_value_is_written_and_null_removes_one() -> None:
    document = {"a": "1m0s", "b": {"c": None, "d": 1}, "e": 5}
    assert merged(document, {"a": "60s", "b": {"d": 2}, "e": None, "g": None}) == {
        "a": "1m0s",
        "b": {"c": None, "d": 2},
    }
    assert document == {"a": "1m0s", "b": {"c": None, "d": 1}, "e": 5}
