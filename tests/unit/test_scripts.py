"""The shell that is sent to hosts: how it is loaded, what it takes on the wire, and what shells say of it."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from k8sboot import scripts
from k8sboot.diagnosis.script import Scope, script
from k8sboot.ensure.restore.notes import NOTED
from k8sboot.host import lease, once, probe
from k8sboot.host.files import File, Write
from k8sboot.host.lease import Claim
from k8sboot.host.originals import PriorState, note_script
from k8sboot.host.reads import Question, Reads
from k8sboot.osfamily import debian, yum
from k8sboot.osfamily.package_lock import APT_HOLDER
from k8sboot.phases import reset
from k8sboot.phases.os_prep import NETWORK_RAISES_LINKS
from k8sboot.phases.preflight import NO_CGROUPS
from k8sboot.runtime.docker import Docker
from k8sboot.ssh import job_scripts
from k8sboot.ssh.connection import text_of

FILES = sorted(scripts.DIRECTORY.glob("*.sh"))


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.setattr(scripts, "DIRECTORY", tmp_path)
    scripts._text.cache_clear()
    yield tmp_path
    scripts._text.cache_clear()


def test_comments_blank_lines_and_indentation_are_not_sent_and_shared_words_are_put_in(directory):
    (directory / "words.sh").write_text("# shared\nhi() {\n  echo hi\n}\n")
    (directory / "all.sh").write_text("# what it is\n\n. ./words.sh\nif hi; then\n  # why\n  hi\nfi\n")
    assert scripts.render("all") == "hi() {\necho hi\n}\nif hi; then\nhi\nfi\n"


def test_other_shell_stands_where_the_script_has_its_line(directory):
    (directory / "around.sh").write_text("echo begin; \\\n  true\n(\ninner\n)\necho end\n")
    inner = "cat <<'E'\n  # kept as it is\n\nE"
    assert scripts.render("around", inner) == f"echo begin; true\n(\n{inner}\n)\necho end\n"
    with pytest.raises(ValueError, match="around.sh"):
        scripts.render("around")
    (directory / "plain.sh").write_text("echo\n")
    with pytest.raises(ValueError, match="plain.sh"):
        scripts.render("plain", "echo inner")


@pytest.mark.parametrize("shell", [["dash"], ["bash", "--posix"], ["busybox", "sh"]], ids=lambda w: w[0])
def test_no_shell_reads_a_value(directory, shell):
    if not shutil.which(shell[0]):
        pytest.skip(f"no {shell[0]}")
    (directory / "say.sh").write_text('printf %s "$VALUE"\n')
    hostile = f"a'b\"c $(touch {directory}/x) `touch {directory}/x`\nVALUE=other; touch {directory}/x # \\"
    done = subprocess.run(shell, input=scripts.render("say", VALUE=hostile), capture_output=True, text=True)
    assert done.stdout == hostile
    assert not (directory / "x").exists()


@pytest.mark.parametrize("name", ["lower", "A=b", "A;B", "A B", "", "A\n"])
def test_a_value_has_a_name_that_is_no_shell(directory, name):
    (directory / "say.sh").write_text("echo\n")
    with pytest.raises(ValueError, match="capital"):
        scripts.render("say", **{name: "x"})


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_what_the_loader_takes_away_means_nothing(file):
    """A comment behind a command would be sent; a `#` that begins a line of a here-document would not."""
    text = file.read_text()
    assert "<<" not in re.sub(r"^\s*#.*", "", text, flags=re.MULTILINE)
    assert not re.search(r"^[^#\n]*\S[ \t]+# ", text, re.MULTILINE)
    assert not re.search(r"^\s*\. (?!\./[a-z-]+\.sh$)", text, re.MULTILINE), "not a name the loader knows"


READS = Reads(
    files=("/etc/hosts", "/etc/fstab"), modules=("overlay", "br_netfilter"), sysctls=("net.ipv4.ip_forward",),
    packages=("kubelet", "jq"), units=("kubelet.service", "docker.service"),
    questions=(Question("container", "systemd-detect-virt -c"), NOTED),
)  # fmt: skip
ME = Claim("r1", "up by me on host, pid 1", "s1")
EVERYTHING = Scope(
    "k8s.example.com:6443", ("r.example.com:5000", "mirror.example.com"), since=120, runtime=Docker()
)
THE_CLUSTER = Scope("k8s.example.com:6443")
ERRAND, JOB = "0123456789abcdef", "install-0123456789ab"


@pytest.mark.parametrize(
    ("script", "limit"),
    [
        (probe.Probe(READS), 11200),
        (Write((File("/etc/hosts", "127.0.0.1 localhost\n"),)), 6400),
        (lease.Held(once.Once("true", ERRAND), ME, timeout=60), 1975),
        (lease.take(ME), 1286),
        (lease.Release(ME), 218 + 120),
        (once.Recall(ERRAND, wait=5.0), 524),
        (job_scripts.start(JOB, "true"), 1823),
        (job_scripts.follow(JOB, offset=0), 665),
        (job_scripts.stop(JOB), 365),
        (note_script([PriorState("unit", "ufw.service", "disabled")]), 5700),
        (NOTED.script, 4950),
        (reset.TRACES.script, 574 + 33 + 452),
        (reset.UNDO_NETWORK, 525 + 167 + 451),
        (script(EVERYTHING), 7778),
        (script(THE_CLUSTER), 2019),
        (NETWORK_RAISES_LINKS.script, 378),
        (NO_CGROUPS.script, 300),
        (debian.FETCH, 250),
        (yum.HEALTH.script, 328),
        (yum.HOLDER[2], 486),
        (APT_HOLDER[2], 395),
    ],
    ids=[
        "probe", "write", "change", "take", "release", "recall", "job-start", "job-follow", "job-stop", "originals",
        "noted", "traces", "undo-network", "evidence", "evidence-of-the-cluster", "network-raises-links",
        "missing-cgroups", "apt-fetch", "yum-health", "yum-lock-holder", "apt-lock-holder",
    ],
)  # fmt: skip
def test_no_script_is_larger_on_the_wire_than_before_it_had_a_file(script, limit):
    """Bytes, as they were when the shell stood in Python, and what has been added since: more interfaces, folders of
    other users, rules told by their chains.
    """
    assert len(text_of(script).encode()) <= limit
