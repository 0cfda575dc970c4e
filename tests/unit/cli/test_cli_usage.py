"""What may be said on the command line, and what is said back when it may not."""

from __future__ import annotations

import io
import re
import subprocess
import sys

import pytest

from k8sboot.runbook import UP


def test_the_inventory_is_named_before_or_after_the_command(k8sboot, inventory):
    inventory.rename(inventory.with_name("other.yaml"))
    for line in ("-i other.yaml phase preflight", "phase -i other.yaml preflight", "phase preflight -i other.yaml",
                 "-i absent.yaml phase preflight -i other.yaml", "phase preflight --inventory=other.yaml"):  # fmt: skip
        assert k8sboot(line).code == 0, line
    assert k8sboot("-i other.yaml token -i absent.yaml list").code == 2, "the nearer one wins"


def test_the_environment_names_the_inventory_and_an_option_outdoes_it(k8sboot, inventory, monkeypatch):
    inventory.rename(inventory.with_name("other.yaml"))
    monkeypatch.setenv("K8SBOOT_INVENTORY", "other.yaml")
    assert k8sboot("phase preflight").code == 0
    assert k8sboot("phase preflight -i absent.yaml").code == 2


def test_without_a_word_it_is_the_inventory_of_this_folder(k8sboot):
    assert k8sboot("phase preflight").code == 0


def test_no_inventory_is_told_with_its_name(k8sboot, inventory):
    inventory.unlink()
    said = k8sboot("up --yes")
    assert said.code == 2
    assert "inventory.yaml" in said.err
    assert k8sboot.asked == []


def test_an_inventory_with_mistakes_connects_to_nobody(k8sboot, inventory):
    inventory.write_text(inventory.read_text().replace("masters:", "master:"))
    said = k8sboot("up --yes")
    assert said.code == 2
    assert re.search(r"inventory.yaml:\d+:\d+", said.err)
    assert "did you mean `masters`?" in said.err
    assert "warning[KB-PLAIN-HTTP]" in said.err
    assert said.err.endswith("3 problems in the inventory; `k8sboot explain CODE` explains each\n")
    assert k8sboot.asked == []
    assert said.out == ""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("phase calcio", "did you mean 'calico'?"),
        ("phase zzz", "preflight"),
        ("phase", "phase --list"),
        ("up --from calcio --yes", "did you mean 'calico'?"),
        ("up --to zzz --yes", "unknown phase 'zzz'"),
        ("up --skip kernl --yes", "did you mean 'kernel'?"),
        ("up --from verify --to preflight --yes", "comes after"),
        ("up --limit n11 --yes", "did you mean 'n1'?"),
        ("up --limit n1,zzz --yes", "its hosts are m1, n1, n2"),
        ("up --forks 0 --yes", "--forks"),
        ("reset", "add --yes"),
        ("nonsense", "nonsense"),
        ("up --nonsense", "--nonsense"),
        ("token revoke", "ID"),
    ],
)
def test_what_may_not_be_said_is_told_before_any_connection(k8sboot, line, words):
    said = k8sboot(line)
    assert said.code == 2
    assert words in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
    assert k8sboot.asked == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("answer", "code"),
    [("kubernetes\n", 0), ("other\n", 2), ("\n\n\n", 130)],
    ids=["named", "wrong", "nothing"],
)
def test_reset_on_a_terminal_asks_for_the_clusters_name(on_cluster, monkeypatch, answer, code):
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    said = on_cluster("reset")
    assert said.code == code
    assert "m1, n1, n2" in said.err
    assert bool(on_cluster.asked) is (code == 0)


def test_reset_says_what_it_puts_back_before_it_asks(on_cluster, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Terminal("other\n"))
    assert "restores their original settings" in on_cluster("reset --restore-os").err
    assert on_cluster.asked == []
    said = on_cluster("reset --restore-os --yes --limit n1")
    assert said.code == 0
    assert next(e["phases"] for e in said.events if e["event"] == "RunStarted")[-1] == "restore-os"
    files = on_cluster.cluster.hosts["n1"].files
    assert not [path for path in files if "k8sboot" in path and not path.startswith("/run/")]
    assert "/etc/sysctl.d/90-k8sboot.conf" in on_cluster.cluster.hosts["m1"].files


@pytest.mark.parametrize(("answer", "goes_on"), [("y\n", True), ("\n", True), ("n\n", False)])
def test_up_on_a_terminal_asks_first(on_cluster, monkeypatch, answer, goes_on):
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    said = on_cluster("up")
    assert "m1, n1, n2" in said.err
    assert bool(on_cluster.asked) is goes_on


def test_phases_are_listed_with_their_titles(k8sboot):
    said = k8sboot("phase --list")
    assert [line.split()[0] for line in said.out.splitlines()] == [phase.name for phase in UP]
    assert all(phase.title in said.out for phase in UP)
    assert said.err == ""


def test_phases_run_in_the_runbooks_order_whatever_was_said(k8sboot):
    said = k8sboot("phase kernel hosts")
    assert said.code == 0
    started = [e["phase"] for e in said.events if e["event"] == "PhaseStarted" and e["host"] == "n1"]
    assert started == ["hosts", "kernel"]


def test_from_to_and_skip_choose_phases(k8sboot):
    said = k8sboot("up --yes --from hosts --to container-runtime --skip os-prep --skip container-runtime")
    names = next(e["phases"] for e in said.events if e["event"] == "RunStarted")
    assert names[0] == "hosts"
    assert {"os-prep", "container-runtime", "preflight", "verify"}.isdisjoint(names)
    assert "kernel" in names


def test_help_is_quick_it_imports_nothing_heavy():
    code = (
        "import sys; from k8sboot.cli.main import cli\n"
        "try: cli.main(['--help'], prog_name='k8sboot')\n"
        "except SystemExit: pass\n"
        "print(sorted({'paramiko', 'jinja2', 'rich', 'yaml', 'cryptography'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "Turn bare Linux machines" in done.stdout


@pytest.mark.parametrize("line", ["--help", "up --help", "phase --help", "reset -h", "token --help", "token new --help",
                                  "version", "--version"])  # fmt: skip
def test_help_and_version_go_to_stdout(k8sboot, line):
    said = k8sboot(line)
    assert said.code == 0
    assert said.out
    assert said.err == ""


def _line_of(phase: str, listed: str) -> str:
    return next(line for line in listed.splitlines() if line.split()[0] == phase)


def test_the_list_tells_which_phases_do_not_apply_and_why(k8sboot, inventory):
    inventory.write_text(inventory.read_text().replace("calico: {", "calico: {enabled: false, "))
    listed = k8sboot("phase --list").out
    assert _line_of("calico", listed).endswith(" (does not apply: network.plugin is not calico)")
    assert _line_of("os-update", listed).endswith(" (does not apply: os.update is false)")
    assert _line_of("metrics-server", listed).endswith(".")
    assert k8sboot.asked == []


@pytest.mark.parametrize("text", [None, "masters: [", "no: {such: key}"], ids=["none", "no YAML", "invalid"])
def test_without_an_inventory_the_list_tells_the_conditions(k8sboot, inventory, text):
    inventory.write_text(text) if text else inventory.unlink()
    said = k8sboot("phase --list")
    assert said.code == 0
    assert said.err == ""
    assert _line_of("calico", said.out).endswith(" (does not apply if network.plugin is not calico)")
    assert _line_of("hosts", said.out).endswith(".")


def test_a_phase_that_does_not_apply_is_said_to_be_one(k8sboot):
    said = k8sboot("phase hosts os-update")
    assert said.code == 0
    assert "phase os-update does not apply: os.update is false" in said.err
    assert "phase hosts does not" not in said.err
    assert "does not apply" not in k8sboot("phase os-update --quiet").err
