"""What becomes of a changed key on a running cluster: every key says it, and docs/inventory.md shows it."""

from __future__ import annotations

from pathlib import Path

from k8sboot.inventory import keys
from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.kinds import FIXED, needs
from k8sboot.inventory.load import load
from k8sboot.inventory.model import Spec
from k8sboot.plans import digests

DOCS = Path(__file__).parents[3] / "docs/inventory.md"
FILE = """
cluster:
  kubernetesVersion: v1.23.17
  podSubnet: 172.20.0.0/16
  dnsDomain:
masters: [{name: m1, address: 192.168.1.10}]
os: {sysctl: {net.core.somaxconn: 32768}}
kubeProxy: {mode: iptables}
kubeadm: {kubeletConfiguration: {maxPods: 200}}
"""


def table() -> str:
    """The table of docs/inventory.md. To write it: `python tests/unit/inventory/test_inventory_natures.py`."""
    lines = ["| key | on a running cluster |", "|---|---|"]
    for name, key in keys.rows():
        assert key.nature, f"{name} declares no nature: add APPLIED, FIXED or needs(...) to its field"
        lines.append(f"| `{name}` | {key.nature.word}{_by(key.nature)} |")
    return "\n".join(lines) + "\n"


def _by(nature) -> str:
    if not nature.by:
        return ""
    return f": {nature.by}; a difference is {'refused' if nature.is_refused else 'reported'}"


def test_every_key_has_a_nature_and_the_docs_show_it():
    assert table() in DOCS.read_text()


def test_what_is_not_applied_is_said_in_the_help_and_so_in_the_example():
    for name, key in keys.rows():
        assert key.nature
        assert key.help.endswith(key.nature.help), name


def test_the_keys_of_a_section_have_its_nature_unless_they_declare_their_own():
    natures = {name: key.nature for name, key in keys.rows()}
    assert natures["calico.mtu"].word == natures["os.kernel.packages[].url"].word == "applied"
    assert natures["calico.encapsulation"].is_refused
    assert natures["cluster.podSubnet"] == natures["masters[].name"] == FIXED
    assert not natures["kubeadm.kubeletConfiguration"].is_refused


def test_the_help_of_a_nature_is_one_sentence():
    assert FIXED.help == "Fixed at birth."
    assert needs("care").help == "A change needs care; `up` refuses it."
    assert needs("care", is_refused=False).help == "A change needs care; `up` only reports it."


def test_the_inventory_knows_what_was_said(tmp_path):
    path = tmp_path / "inventory.yaml"
    path.write_text(FILE)
    spec = load(str(path)).spec
    assert spec.said == {
        "cluster.kubernetesVersion",
        "cluster.podSubnet",
        "masters",
        "os.sysctl",
        "kubeProxy.mode",
        "kubeadm.kubeletConfiguration",
    }


def test_saying_a_default_makes_no_other_inventory():
    masters = (HostSpec("m1", "192.0.2.1", "master"),)
    one, other = Spec(masters=masters), Spec(masters=masters, said=frozenset({"kubeProxy.mode"}))
    assert one == other
    assert digests(one) == digests(other)


if __name__ == "__main__":
    text = DOCS.read_text()
    head, _, rest = text.partition("| key |")
    DOCS.write_text(head + table() + rest[rest.index("\n\n") + 1 :])
