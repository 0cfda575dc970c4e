"""Rows 27, 28 and 37: package managers that are busy or were killed, and repositories that are not to be trusted."""

from __future__ import annotations

import pytest
from faultdeeds import run_impatient
from faultengines import Engine
from faulthosts import FaultyHost, until
from faultmirrors import IN_RELEASE, altered, fingerprint_of, lying, signed_by_expired
from faultrows import row
from faultruns import Controller
from faultward import Ward
from summaries import changed

STEP = ("phase", "time-sync")
HOLDER = """use Fcntl;
open(my $lock, '+>>', '/var/lib/dpkg/lock-frontend') or die;
my $all = pack('s s x4 q q l x4', F_WRLCK, 0, 0, 0, 0);
fcntl($lock, F_SETLK, $all) or die;
open(my $mark, '>', '/run/lock-is-held'); sleep;
"""


@pytest.fixture(autouse=True)
def _has_dpkg(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--family") != "debian":
        pytest.skip("these hosts have no dpkg")


def hold_lock(host: FaultyHost) -> str:
    """Another program takes dpkg's lock; its process id there."""
    host.write("/usr/local/lib/holder", HOLDER)
    host.undo.callback(let_go, host)
    host.sh("rm -f /run/lock-is-held; systemd-run --quiet --unit=holder perl /usr/local/lib/holder")
    until(lambda: host.sh("[ ! -e /run/lock-is-held ] || echo held"), "the lock to be held")
    return host.sh("systemctl show -p MainPID --value holder").strip()


def let_go(host: FaultyHost) -> None:
    """It ends."""
    host.sh("systemctl stop holder 2>/dev/null; rm -f /run/lock-is-held")


def chrony(host: FaultyHost) -> str:
    """What dpkg says of chrony, e.g. 'ii', '' where it is not there."""
    return (
        host.sh("dpkg-query -W -f '${db:Status-Abbrev}' chrony 2>/dev/null; true").strip().replace("un", "")
    )


def is_well(controller: Controller) -> None:
    """A plain run comes to the end, and the next finds nothing to do."""
    controller.is_well(phase="time-sync")
    assert changed(controller.run(*STEP).stderr) == 0


@row(27, "dpkg lock held for a while")
def test_held_dpkg_lock_is_waited_for(controller: Controller, node: FaultyHost) -> None:
    pid = hold_lock(node)
    run = controller.start(*STEP)
    run.until(f"waiting for the package manager, held by perl, pid {pid}")
    until(lambda: any(e["event"] == "PhaseEnded" and e["host"] == "k8s-node02" for e in run.events), "others")
    assert chrony(node) == ""
    let_go(node)
    run.end().went_on("k8s-master01", "k8s-node01", "k8s-node02", phase="time-sync")
    assert chrony(node) == "ii"


@row(27, "dpkg lock held for ever")
def test_dpkg_lock_that_is_never_let_go_of_is_named(controller: Controller, node: FaultyHost) -> None:
    pid = hold_lock(node)
    ran = run_impatient(controller, *STEP, patience=30)
    ran.blames(node.name, "KB-DEADLINE", f"held by perl, pid {pid}", "30 s")
    ran.went_on("k8s-master01", "k8s-node02", phase="time-sync")
    assert chrony(node) == ""
    let_go(node)
    is_well(controller)


@row(28, "dpkg killed in an installation")
def test_killed_dpkg_is_put_right(controller: Controller, node: FaultyHost) -> None:
    # Maintainer scripts call it, and dpkg waits for them: the moment to be killed in.
    node.replace_program(
        "/usr/bin/deb-systemd-helper",
        ": > /var/tmp/gate-reached\nwhile [ -e /var/tmp/gate-hold ]; do sleep 0.1; done\n"
        'exec /usr/bin/deb-systemd-helper.real "$@"',
    )
    gate = node.path("/var/tmp/gate-hold")
    gate.touch()
    node.undo.callback(gate.unlink, missing_ok=True)
    run = controller.start(*STEP)
    until(node.path("/var/tmp/gate-reached").exists, "the middle of the installation", within=120)
    node.sh("kill -9 $(ps -eo pid=,comm= | awk '$2 == \"dpkg\" {print $1}')")
    gate.unlink()
    ran = run.end(expect=1)
    ran.blames(node.name, "KB-COMMAND", "install", "dpkg", "run the same k8sboot command again")
    ran.went_on("k8s-master01", "k8s-node02", phase="time-sync")
    assert chrony(node) not in ("ii", "")

    again = controller.run(*STEP)
    assert "half-installed packages will be repaired: chrony" in again.notices(node.name)
    again.went_on("k8s-master01", "k8s-node01", "k8s-node02", phase="time-sync")
    assert chrony(node) == "ii"
    assert changed(controller.run(*STEP).stderr) == 0


VERDICTS = {"bad signature": "BADSIG", "expired key": "EXPKEYSIG"}


@pytest.mark.parametrize("fault", VERDICTS)
@row(37, "repository with a bad signature, an expired key")
def test_repository_with_a_bad_signature_is_refused(
    controller: Controller, ward: Ward, master: FaultyHost, engine: Engine, fault: str
) -> None:
    release = ward.from_mirror(IN_RELEASE)
    answers = {
        IN_RELEASE: release.replace(b"\nOrigin: ", b"\nOrigin: not ", 1).replace(b"\nDate: ", b"\nDate:  ", 1)
    }
    if fault == "expired key":
        plain = ward.from_mirror(IN_RELEASE.replace("InRelease", "Release"))
        in_release, key = signed_by_expired(plain)
        answers = {IN_RELEASE: in_release, "/lab.asc": key}
    assert answers[IN_RELEASE] != release
    pins = {"fingerprint": fingerprint_of(answers["/lab.asc"])} if "/lab.asc" in answers else {}
    controller.only(master.name)
    with lying(ward.gateway, answers) as mirror:
        good = controller.spec["os"]["repositories"]["docker"]
        bad = {key: value.replace(f"http://{ward.gateway}:8080", mirror.url) for key, value in good.items()}
        controller.spec["os"]["repositories"]["docker"] = {**bad, **pins}
        ran = controller.run("phase", "os-packages", expect=1, within=240)
        code, words = "KB-REPOSITORY-SIGNATURE", VERDICTS[fault]
        if (
            fault == "expired key" and not engine.is_docker
        ):  # keys are judged by date, but for the older releases
            code, words = "KB-KEY-EXPIRES", "expired on 2020-01-31"
        ran.blames(master.name, code, mirror.url, words)
    assert "docker" not in master.sh(
        f"apt-cache madison docker-ce {engine.package} | grep -F docker-ce/linux; true"
    )
    controller.spec["os"]["repositories"]["docker"] = good
    controller.run("phase", "os-packages", within=240).went_on(master.name, phase="os-packages")
    assert "docker-ce/linux" in master.sh(f"apt-cache madison {engine.package}")


@row(37, "a package with another checksum")
def test_package_with_another_checksum_is_not_installed(
    controller: Controller, ward: Ward, other: FaultyHost
) -> None:
    other.sh("apt-get update -q")
    path = other.sh("apt-get install --print-uris -qq chrony | grep -o \"'http[^']*/chrony_[^']*'\"").strip(
        "'\n "
    )
    path = "/" + path.split("/", 3)[3]
    with lying(ward.gateway, {path: altered(ward.from_mirror(path))}) as mirror:
        sources = other.sh("grep -rl 8080 /etc/apt/sources.list /etc/apt/sources.list.d").split()
        for source in sources:
            text = other.path(source).read_text()
            other.write(source, text.replace(f"http://{ward.gateway}:8080", mirror.url))
        other.sh("apt-get update -q")
        ran = controller.run(*STEP, expect=1, within=240)
        ran.blames(other.name, "KB-REPOSITORY-CHANGING", mirror.url, "chrony", "hash sum mismatch")
        ran.went_on("k8s-master01", "k8s-node01", phase="time-sync")
        assert chrony(other) == ""
    for source in sources:
        text = other.path(source).read_text()
        other.path(source).write_text(text.replace(mirror.url, f"http://{ward.gateway}:8080"))
    other.sh("apt-get update -q")
    is_well(controller)
