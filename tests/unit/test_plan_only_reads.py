"""A plan alters nothing: all that it sends only reads, and the same facts make the same plan."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest
from fake_boot import Boot, wanted
from fake_shell import plain_words, without_options
from families import MIXED_IS_SLOW, by_turns, machines
from runs import mutations, raise_errors, run

from k8sboot.kubernetes import commands
from k8sboot.osfamily import yum
from k8sboot.osfamily.debian import FETCH, IN_MEMORY
from k8sboot.osfamily.package_lock import APT_HOLDER
from k8sboot.plans import Recorder
from k8sboot.runbook import UP
from k8sboot.text.redact import Redactor

pytestmark = pytest.mark.usefixtures("clock")

NAMES_OF_UP = [phase.name for phase in UP]


def test_a_newer_kernel():
    it = machines("debian", kernel=wanted())
    boots = {name: Boot() for name in it.hosts}
    for name, host in it.hosts.items():
        host.answers.update(boots[name].answers())
        for path, text in boots[name].files().items():
            host.put(path, text)
        host.answers.update({"grub2-one-shot": "", "grubby-default": ""})
        del host.answers["apt-get"]
    planned = run(it, UP, is_dry=True)
    assert planned.errors == {}
    assert mutations(it) == {}
    assert "boot kernel (of the packages) once" in planned.changes["n1"]
    assert {"n1 kernel", "m1 kernel"} <= set(planned.unknown), "another kernel has other modules"


STAGES = ["bare", "hosts", "os-packages", "kube-packages", "images", "kubeadm-init", "join-token"]


@pytest.mark.parametrize(("family", "last"), by_turns(STAGES, every=2))
def test_the_same_facts_make_the_same_plan_whoever_is_quicker(family, last):
    it = machines(family)
    raise_errors(run(it, UP[: NAMES_OF_UP.index(last) + 1 if last in NAMES_OF_UP else 0]))
    plans = []
    for forks in (1, 2, 50, 50):
        recorder = Recorder(it.spec.hosts, NAMES_OF_UP, Redactor())
        run(it, UP, is_dry=True, forks=forks, listener=recorder)
        plans.append(list(recorder.steps()))
    assert all(plan == plans[0] for plan in plans)


READING = {
    "apt-cache madison",
    "apt-get install",
    "apt-get upgrade",
    "curl",
    "docker image ls",
    "kubeadm config images list",
    "kubeadm config migrate",
    "kubectl diff",
    "kubectl get",
    "kubectl top",
    "sh",
    "stat",
    "timeout 5 bash",
    "yum check-update",
    "yum install",
    "yum list",
}
"""Every command that a plan may send besides probes. None of them alters a host, with the options checked below."""
WORDS = {"curl": 1, "sh": 1, "stat": 1, "timeout": 3, "docker": 3, "kubeadm config images": 4, "kubeadm": 3}
SCRIPTS = {commands.POD_LOGS, FETCH, yum.HOLDER[2], APT_HOLDER[2]}


def _verb(words: list[str]) -> str:
    """A command without its options and arguments."""
    bare = [w for w in without_options(plain_words(words)) if not w.startswith("-")]
    while bare[0] == "kubectl" and bare[1].startswith("/"):
        bare.pop(1)
    count = next((n for begin, n in WORDS.items() if " ".join(bare).startswith(begin)), 2)
    return " ".join(bare[:count])


def _sent_by_plans(family: str, every: int) -> Iterator[list[str]]:
    """Each phase once, on what those before it left, and a plan behind every so many-th."""
    it = machines(family, update=True)
    for host in it.hosts.values():
        host.answers["apt-get -s"] = ""
    for index, phase in enumerate((None, *UP)):
        raise_errors(run(it, [phase] if phase else []))
        if index % every:
            continue
        run(it, UP, is_dry=True)
        for host in it.hosts.values():
            assert {*host.runs} <= {"probe", "ask"}
            yield from map(shlex.split, dict.fromkeys(host.commands))


@MIXED_IS_SLOW
@pytest.mark.parametrize("every", [6, pytest.param(1, marks=pytest.mark.slow)], ids=["samples", "each"])
def test_all_that_a_plan_sends_only_reads(family, every):
    sent = list(_sent_by_plans(family, every))
    assert {_verb(words) for words in sent} <= READING
    for words in sent:
        match plain_words(words):
            case ["sh", "-c", script, *_]:
                assert script in SCRIPTS
            case ["curl", *options]:
                assert not {"-o", "-O", "--output", "--remote-name"} & {*options}
            case ["yum", *options]:
                assert "-C" in options, "yum fetches lists that it finds too old"
                assert "install" not in options or ("--assumeno" in options and "-y" not in options)
            case ["apt-get", *options]:
                assert "-s" in options
                assert {*IN_MEMORY} <= {*options}
            case ["apt-cache", *options]:
                assert {*IN_MEMORY} <= {*options}, "apt's cache is a file"
            case ["kubectl", *options]:
                assert options[options.index("--cache-dir") + 1].startswith("/run/")
                assert "diff" not in options or words[:2] == ["env", "TMPDIR=/run"]
