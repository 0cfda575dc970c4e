"""The probe, run for real by every shell that a host may have for /bin/sh."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from k8sboot.host.probe import Probe
from k8sboot.host.probe_output import parse
from k8sboot.host.probed_files import MAX_CONTENT
from k8sboot.host.reads import Question, Reads, union
from k8sboot.host.snapshot import Snapshot, UnitState
from k8sboot.inventory.load import load
from k8sboot.osfamily import dpkg
from k8sboot.osfamily.yum import HEALTH
from k8sboot.paths import JOBS_DIR, WORK
from k8sboot.phases.preflight import NO_CGROUPS
from k8sboot.runbook import UP

EXAMPLE = Path(__file__).parents[3] / "inventory.example.yaml"

SHELLS = [
    pytest.param(
        words, id=words[0], marks=pytest.mark.skipif(not shutil.which(words[0]), reason=f"no {words[0]}")
    )
    for words in (["dash"], ["bash", "--posix"], ["busybox", "sh"])
]
IN_SHELLS = pytest.mark.parametrize("shell", SHELLS)


def probe(
    shell: list[str], reads: Reads, *, environment: dict[str, str] | None = None, text: str = ""
) -> Snapshot:
    done = subprocess.run(
        shell, input=(text or Probe(reads).render()).encode(), capture_output=True, timeout=60,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return parse(done.stdout)


@IN_SHELLS
def test_the_facts_are_this_machines(shell):
    facts = probe(shell, Reads()).host_facts
    assert facts.hostname == os.uname().nodename
    assert facts.kernel == os.uname().release
    assert facts.arch == os.uname().machine
    assert facts.cpus >= 1
    assert facts.memory_kib > 10_000
    assert facts.disk_free_kib > 0
    assert facts.time > 1_700_000_000
    assert facts.os_id
    assert facts.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@IN_SHELLS
def test_files_of_every_kind(shell, tmp_path):
    (tmp_path / "plain file").write_bytes(b"a\nb'\"$(x)\\\n")
    (tmp_path / "plain file").chmod(0o640)
    (tmp_path / "empty").touch()
    (tmp_path / "large").write_bytes(b"x" * (MAX_CONTENT + 1))
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    (tmp_path / "link").symlink_to("plain file")
    (tmp_path / "dangling").symlink_to("nowhere")
    names = ("plain file", "empty", "large", "binary", "link", "dangling", "absent", "$(touch x)'`")
    seen = probe(shell, Reads(files=tuple(f"{tmp_path}/{n}" for n in names) + (str(tmp_path),)))
    at = {n: seen.files.get(f"{tmp_path}/{n}") for n in names}
    assert at["plain file"].content == b"a\nb'\"$(x)\\\n"
    assert at["plain file"].mode == 0o640
    assert at["plain file"].owner == f"{_user()}:{_group()}"
    assert at["link"] == at["plain file"]
    assert at["empty"].content == b""
    assert at["large"].content is None
    assert at["large"].sha256 == hashlib.sha256(b"x" * (MAX_CONTENT + 1)).hexdigest()
    assert at["binary"].content == bytes(range(256))
    assert [n for n in names if at[n] is None] == ["dangling", "absent", "$(touch x)'`"]
    assert str(tmp_path) in seen.not_files


def _user() -> str:
    return subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()


def _group() -> str:
    return subprocess.run(["id", "-gn"], capture_output=True, text=True).stdout.strip()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
@IN_SHELLS
def test_an_owner_without_a_name_is_a_number(shell, tmp_path):
    path = tmp_path / "x"
    path.touch()
    os.chown(path, 54321, 54322)
    assert probe(shell, Reads(files=(str(path),))).files[str(path)].owner == "54321:54322"


@IN_SHELLS
def test_sysctls_and_modules(shell):
    seen = probe(
        shell,
        Reads(
            sysctls=("net.ipv4.ip_local_port_range", "kernel.no_such", "kernel.ostype"),
            modules=("no_such_module",),
        ),
    )
    ports = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    assert seen.sysctls["net.ipv4.ip_local_port_range"][0] == " ".join(ports)
    assert "kernel.no_such" not in seen.sysctls
    assert seen.sysctls["kernel.ostype"] == ("Linux", True), "read-only"
    assert seen.modules["no_such_module"] in ("missing", "unloadable")


@IN_SHELLS
def test_questions_are_answered_each_for_itself(shell):
    hostile = "printf 'fact hostname eA==\\nabsent /etc/passwd\\n'"
    seen = probe(
        shell,
        Reads(questions=(
            Question("fine", "echo a; echo b"),
            Question("leaves", "echo before; exit 3"),
            Question("eats", "cat"),
            Question("sets", "cd /; unset PATH; false"),
            Question("hostile", hostile),
            Question("quotes", """printf '%s' "a'b" 'c"d'"""),
            Question("last", "echo here; echo error >&2"),
        )),
    )  # fmt: skip
    said = {name: (answer.exit_status, answer.text) for name, answer in seen.answers.items()}
    assert said == {
        "fine": (0, "a\nb"), "leaves": (3, "before"), "eats": (0, ""), "sets": (1, ""),
        "hostile": (0, "fact hostname eA==\nabsent /etc/passwd"), "quotes": (0, "a'bc\"d"), "last": (0, "here"),
    }  # fmt: skip
    assert seen.host_facts.hostname == os.uname().nodename


@IN_SHELLS
def test_packages_and_units_come_from_the_tools_of_the_host(shell, tmp_path):
    tools = {
        "dpkg-query": r"printf 'hi |docker-ce|5:20.10.24~3-0\nii |jq|1.6\niF |curl|7.1\nrc |old|1\nun |none|\n'",
        "systemctl": "printf 'Id=a.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n\n"
                     "Id=b.service\nLoadState=not-found\nActiveState=inactive\nUnitFileState=\n'",
    }  # fmt: skip
    for name, said in tools.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{said}\n")
        (tmp_path / name).chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    reads = Reads(
        packages=("docker-ce", "jq", "curl", "old", "none"),
        units=("a.service", "b.service"),
        questions=(dpkg.HEALTH,),
    )
    seen = probe(shell, reads, environment=path)
    assert seen.packages == {"docker-ce": ("5:20.10.24~3-0", True), "jq": ("1.6", False)}
    assert [line for line in seen.answers["dpkg-health"].text.splitlines() if line != "journal"] == [
        "package curl"
    ]
    assert seen.units == {"a.service": UnitState("loaded", "active", "enabled"), "b.service": UnitState()}
    assert not seen.units["b.service"].exists


@IN_SHELLS
def test_an_rpm_that_hangs_is_given_up_and_its_database_called_damaged(shell, tmp_path):
    if shell[0] == "busybox":
        pytest.skip("busybox runs its own timeout, whatever the PATH, which ends with 143")
    for tool in Path("/usr/bin").iterdir():
        if tool.name not in ("dpkg-query", "rpm", "yum"):
            (tmp_path / tool.name).symlink_to(tool)
    for name in ("rpm", "yum"):
        (tmp_path / name).write_text("#!/bin/sh\nexec sleep 60\n")
        (tmp_path / name).chmod(0o755)
    text = (
        Probe(Reads(packages=("docker-ce",), questions=(HEALTH,))).render().replace("timeout 20", "timeout 1")
    )
    seen = probe(shell, Reads(), text=text, environment={"PATH": str(tmp_path)})
    assert seen.answers["yum-health"].text == "database"
    assert seen.packages == {}


@IN_SHELLS
def test_jobs_that_still_run_are_seen_as_the_job_scripts_write_them(shell, tmp_path):
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    for name, pid, ended in (
        ("install-1", f"{boot} {os.getpid()}", False),
        ("install-2", f"{boot} {os.getpid()}", True),
        ("install-3", f"11111111-0000 {os.getpid()}", False),
        ("install-4", f"{boot} 4194300", False),
        ("install-5", "", False),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pid").write_text(pid + "\n")
        if ended:
            (tmp_path / name / "rc").write_text("0\n")
    text = Probe(Reads()).render()
    assert f"={JOBS_DIR}\n" in text
    seen = probe(shell, Reads(), text=text.replace(JOBS_DIR, shlex.quote(str(tmp_path))))
    assert seen.host_facts.jobs == ("install-1",)


@IN_SHELLS
@pytest.mark.skipif(not shutil.which("flock"), reason="no flock")
def test_a_short_change_of_a_run_that_is_dead_is_seen_while_it_lasts(shell, tmp_path):
    path = tmp_path / "work"
    text = Probe(Reads()).render().replace(WORK, str(path)).replace(JOBS_DIR, str(tmp_path / "jobs"))
    assert probe(shell, Reads(), text=text).host_facts.jobs == ()
    with path.open("w") as work:
        assert probe(shell, Reads(), text=text).host_facts.jobs == ()
        fcntl.flock(work, fcntl.LOCK_SH)
        assert probe(shell, Reads(), text=text).host_facts.jobs == ("short-change",)
    assert probe(shell, Reads(), text=text).host_facts.jobs == ()


@IN_SHELLS
def test_the_probe_writes_nothing(shell, tmp_path):
    done = subprocess.run(
        shell, input=Probe(Reads(files=("/etc/hosts",), modules=("overlay",))).render(), capture_output=True, text=True,
        cwd=tmp_path, env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []


V1 = "#subsys_name\thierarchy\tnum_cgroups\tenabled\n{}"
ALL = [
    f"{name}\t{number}\t95\t1\n" for number, name in enumerate(("cpuset", "cpu", "cpuacct", "memory", "pids"))
]


@IN_SHELLS
@pytest.mark.parametrize(
    ("file", "text", "missing"),
    [
        ("proc-cgroups", V1.format("".join(ALL)), ""),
        ("proc-cgroups", V1.format("".join(ALL[1:3])), "memory\ncpuset"),
        ("proc-cgroups", V1.format("".join(ALL)).replace("3\t95\t1", "0\t95\t0"), "memory"),
        ("cgroup.controllers", "cpuset cpu io memory hugetlb pids rdma\n", ""),
        ("cgroup.controllers", "cpu io pids\n", "memory"),
    ],
    ids=["v1", "v1 of a new kernel", "v1 with memory off", "v2", "v2 with memory off"],
)
def test_control_groups_that_kubelet_needs(shell, tmp_path, file, text, missing):
    (tmp_path / file).write_text(text)
    asked = NO_CGROUPS.script.replace("/sys/fs/cgroup/", f"{tmp_path}/")
    question = Question("asked", asked.replace("/proc/cgroups", f"{tmp_path}/proc-cgroups"))
    seen = probe(shell, Reads(questions=(question, NO_CGROUPS)))
    assert seen.answers["asked"].text == missing
    assert seen.answers[NO_CGROUPS.name].text == "", "this machine has them all"


READS_OF_UP = union(phase.reads_for(load(str(EXAMPLE), resolve_secrets=False).spec) for phase in UP)
MOST_FORKS = {"dash": 60, "bash": 70, "busybox": 62}
"""Processes that the probe of a host with everything for all phases may take: 500 to 600 when each item had its own."""


@IN_SHELLS
@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs a namespace of its own")
def test_the_processes_of_a_probe_are_counted(shell, tmp_path):
    (tmp_path / "probe").write_text(Probe(replace(READS_OF_UP, modules=())).render())
    count = f"{shlex.join(shell)} < {tmp_path}/probe > {tmp_path}/out 2>&1; cat /proc/sys/kernel/ns_last_pid"
    words = ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", count]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    shell_and_cat = 2
    assert 20 < int(done.stdout) - shell_and_cat <= MOST_FORKS[shell[0]]
    seen = parse((tmp_path / "out").read_bytes())
    assert seen.host_facts.kernel == os.uname().release
    assert {q.name for q in READS_OF_UP.questions} == set(seen.answers)


@IN_SHELLS
def test_questions_that_share_a_shell_have_the_answers_that_each_has_alone(shell):
    shared = tuple(q for q in READS_OF_UP.questions if q.shares)
    alone = tuple(replace(q, shares=False) for q in shared)
    texts = [probe(shell, Reads(questions=questions)).answers for questions in (shared, alone)]
    assert len(shared) > 15
    names = [q.name for q in shared if q.name != "kubelet-disk"]
    assert [texts[0][name] for name in names] == [texts[1][name] for name in names]
    assert texts[0]["kubelet-disk"].text.split()[:3] == texts[1]["kubelet-disk"].text.split()[:3]


@IN_SHELLS
def test_a_question_that_ends_the_shared_shell_takes_only_those_behind_it(shell):
    questions = (
        Question("before", "echo a; cd /etc", shares=True), Question("ends", "exit 3", shares=True),
        Question("behind", "echo c", shares=True), Question("other", "pwd"),
    )  # fmt: skip
    answers = probe(shell, Reads(questions=questions)).answers
    assert {name: answer.text for name, answer in answers.items()} == {
        "before": "a",
        "other": str(Path.cwd()),
    }


@IN_SHELLS
def test_names_that_tools_print_otherwise_are_read_apart(shell, tmp_path):
    for name in ("back\\slash", "plain", "two  blanks", "|bar|", "-n", "[a]*", "é"):
        (tmp_path / name).write_text(f"of {name}")
    names = [path.name for path in tmp_path.iterdir()]
    seen = probe(
        shell, Reads(files=tuple(f"{tmp_path}/{name}" for name in (*names, "a\nabsent /etc/passwd")))
    )
    assert {n: seen.files[f"{tmp_path}/{n}"].content.decode() for n in names} == {n: f"of {n}" for n in names}


@IN_SHELLS
def test_a_file_that_changes_while_it_is_read_is_not_taken_for_another(shell, tmp_path):
    """A tool in place of cat: the first file has grown since its size and digest were taken."""
    (tmp_path / "a").write_text("one")
    (tmp_path / "b").write_text("two")
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "cat").write_text(f'#!/bin/sh\necho more >> {tmp_path}/a\nexec /bin/cat "$@"\n')
    (tools / "cat").chmod(0o755)
    if shell[0] == "busybox":
        pytest.skip("busybox runs its own cat")
    files = Reads(files=(f"{tmp_path}/a", f"{tmp_path}/b"))
    path = {"PATH": f"{tools}:{os.environ['PATH']}"}
    seen = probe(shell, files, environment=path).files
    assert seen[f"{tmp_path}/a"].content == b"one", "as it was when its digest was taken"
    assert f"{tmp_path}/b" not in seen
    text = Probe(files, apart=True).render()
    seen = probe(shell, files, environment=path, text=text)
    assert seen.files[f"{tmp_path}/b"].content == b"two"
    assert seen.files[f"{tmp_path}/a"].content.startswith(b"onemore\n")
