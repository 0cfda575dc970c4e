"""What is read of the rivals' output, and how end states are compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.end_state import EndState, differences, read
from bench.rivals.preparing import ansible_changes, pyinfra_changes

RECAP = """\
host-0 : ok=4    changed=2    unreachable=0    failed=0
host-1 : ok=4    changed=1    unreachable=0    failed=0
"""
TOTALS = """\
--> Results:
    Operation                 Hosts   Success   Error   No Change
    Host name                 1       1         -       -
    \x1b[1mGrand total\x1b[0m               8       {}         -       8
"""


def test_changes_of_ansible_are_those_of_all_hosts() -> None:
    assert ansible_changes(RECAP) == 3


@pytest.mark.parametrize(("said", "changes"), [("-", 0), ("7", 7)])
def test_changes_of_pyinfra_are_its_grand_total(said: str, changes: int) -> None:
    assert pyinfra_changes(TOTALS.format(said)) == changes


@pytest.mark.parametrize("read_changes", [ansible_changes, pyinfra_changes])
def test_output_without_totals_is_not_taken_for_no_change(read_changes) -> None:
    with pytest.raises(AssertionError):
        read_changes("")


def host(root: Path, text: str) -> EndState:
    (root / "etc").mkdir(parents=True)
    (root / "etc/hosts").write_text(text)
    (root / "etc/machine-id").write_text(str(root))
    (root / "etc/localtime").symlink_to("/usr/share/zoneinfo/UTC")
    return read(root, f"kubelet\t{text}\npython3-apt\t{root}\nremoved\t\n", "kubelet\nkubeadm\n")


def test_end_states_are_compared_but_for_what_is_one_machines_own(tmp_path: Path) -> None:
    one, same, other = host(tmp_path / "a", "1"), host(tmp_path / "b", "1"), host(tmp_path / "c", "2")
    assert one.files.keys() == {"/etc/hosts", "/etc/localtime"}
    assert one.packages == {"kubelet": "1"}
    assert one.written() == ["/etc/hosts"]
    assert differences(one, same) == []
    assert [line.partition(":")[0] for line in differences(one, other)] == [
        "file /etc/hosts",
        "package kubelet",
    ]
    unheld = EndState(one.files, one.packages, frozenset({"kubelet"}))
    assert differences(one, unheld) == ["hold kubeadm"]
    assert one.without("/etc/host").files.keys() == {"/etc/localtime"}
