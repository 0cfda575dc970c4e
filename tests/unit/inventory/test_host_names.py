"""The names that completion offers, read without the rest of the inventory."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8sboot.inventory.host_names import host_names
from k8sboot.inventory.load import load

EXAMPLE = Path(__file__).parents[3] / "inventory.example.yaml"


def test_they_are_those_of_the_inventory() -> None:
    assert host_names(str(EXAMPLE)) == tuple(
        h.name for h in load(str(EXAMPLE), resolve_secrets=False).spec.hosts
    )


def named(folder: Path, text: str | bytes) -> tuple[str, ...]:
    file = folder / "inventory.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return host_names(str(file))


def test_variables_in_them_are_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE", "east")
    text = "masters: [{name: '${SITE}-m1'}, {name: '${UNSET_HERE}'}]\nnodes: [{name: '${UNSET_HERE:-n1}'}]"
    assert named(tmp_path, text) == ("east-m1", "n1")


def test_what_can_be_no_name_is_not_offered(tmp_path: Path) -> None:
    assert named(tmp_path, 'nodes: [{name: "a\\eb"}, {name: "a b"}, {name: [x]}, {name: n1}]') == ("n1",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "masters: 5",
        "masters: [5, [], {}, {address: x}]",
        "nodes: [",
        "&a [*a]",
        b"\xff\xfe",
        b"a: \x00",
        "[" * 200_000,
    ],
)
def test_an_inventory_that_is_none_has_none(tmp_path: Path, text: str | bytes) -> None:
    assert named(tmp_path, text) == ()


def test_neither_has_one_that_cannot_be_read(tmp_path: Path) -> None:
    assert host_names(str(tmp_path)) == host_names(str(tmp_path / "none")) == host_names("\0") == ()
