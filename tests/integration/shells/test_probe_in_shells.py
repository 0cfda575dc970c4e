"""The probe, run for real by every shell that a host may have for /bin/sh."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from k8sboot.host.probe import MAX_CONTENT, Probe, parse
from k8sboot.host.reads import Question, Reads
from k8sboot.host.snapshot import Snapshot, UnitState
from k8sboot.osfamily import dpkg
from k8sboot.osfamily.yum import HEALTH
from k8sboot.paths import JOBS_DIR, WORK
from k8sboot.phases.preflight import NO_CGROUPS

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
        shell, input=text or Probe(reads).render(), capture_output=True, text=True, timeout=60,
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
    text = Probe(Reads()).render().replace(WORK, str(path))
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
