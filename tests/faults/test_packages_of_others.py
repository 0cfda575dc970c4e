"""Rows 83 to 87 and 89: hosts whose packages and repositories somebody else has set up before."""

from __future__ import annotations

import pytest
from faultengines import Engine
from faulthosts import FaultyHost, until
from faultpackages import Package, install, offer
from faultrows import row
from faultruns import Controller
from faultward import Ward
from summaries import changed

STEP = ("phase", "time-sync")
PACKAGES = ("phase", "os-packages", "--limit", "k8s-node02")
DOCKER = "/etc/apt/sources.list.d/docker.list"
OURS = "/etc/apt/sources.list.d/k8sboot-docker.list"


def has_dpkg(host: FaultyHost) -> bool:
    return host.path("/usr/bin/apt-get").exists()


def needs_dpkg(host: FaultyHost) -> None:
    if not has_dpkg(host):
        pytest.skip("these hosts have no dpkg")


@row(83, "a newer runtime than the inventory's")
def test_newer_runtime_is_an_error_unless_a_downgrade_is_allowed(
    controller: Controller, ward: Ward, other: FaultyHost, engine: Engine
) -> None:
    controller.only("k8s-master01", other.name)
    runtime = controller.spec["runtime"]
    wanted = "20.10" if engine.is_docker else runtime.setdefault("version", "2.4")
    name = runtime.get("packages", [engine.package])[0]
    if has_dpkg(other):
        install(other, Package(name, "99.1-1"))
    else:
        name = "docker-ce"
        url = f"http://{ward.gateway}:8080/docker-ce/linux/centos/7/x86_64/stable/Packages"
        other.sh(
            f"rpm -i --justdb --nodeps --noscripts --nosignature {url}/docker-ce-26.1.4-1.el7.x86_64.rpm"
        )
    before = other.disk.look()
    for words in (
        ("plan", "--to", "preflight"),
        ("up", "--yes", "--to", "preflight"),
        ("phase", "preflight"),
    ):
        ran = controller.run(*words, expect=1)
        ran.blames(other.name, "KB-PACKAGE-DOWNGRADE", name, wanted, "runtime.allowDowngrade: true")
    changed_paths = other.disk.differs(before)
    assert {path for path in changed_paths if "rpmdb" not in path} == set(), (
        "rpm's queries touch its database"
    )
    controller.spec["runtime"]["allowDowngrade"] = True
    controller.is_well("k8s-master01", other.name)


@row(84, "an installation that would remove packages")
def test_package_that_would_remove_others_is_refused_with_their_names(
    controller: Controller, other: FaultyHost
) -> None:
    needs_dpkg(other)
    controller.only("k8s-master01", other.name)
    install(other, Package("runc", "1.1.5-1"), Package("containerd", "1.6.20-1", "Depends: runc\n"))
    offer(other, Package("chrony", "99-1", "Conflicts: containerd, runc\nReplaces: containerd, runc\n"))
    for words in (("plan", "--from", "time-sync", "--to", "time-sync"), STEP):
        ran = controller.run(*words, expect=1)
        ran.blames(other.name, "KB-PACKAGE-REMOVES", "chrony", "containerd 1.6.20-1", "runc 1.1.5-1")
    assert other.sh("dpkg-query -W -f '${Status}\n' runc containerd").count("install ok installed") == 2
    other.sh("dpkg --purge containerd runc")
    other.sh(
        "systemctl list-unit-files >/dev/null; rm /etc/apt/sources.list.d/others.list; apt-get -q update"
    )
    controller.run(*STEP).went_on(other.name, phase="time-sync")


@pytest.mark.slow
@row(85, "Docker's repository is there, with another key")
def test_repository_of_docker_that_is_there_is_used(
    controller: Controller, ward: Ward, other: FaultyHost, engine: Engine
) -> None:
    needs_dpkg(other)
    docker = controller.spec["os"]["repositories"]["docker"]
    other.write("/usr/share/keyrings/docker.asc", ward.from_mirror("/lab.asc"))
    other.write(DOCKER, f"deb [signed-by=/usr/share/keyrings/docker.asc] {docker['url']}/ bookworm stable\n")
    ran = controller.run(*PACKAGES, within=300)
    assert f"{DOCKER} has the repository {docker['url']}: it is used as it is" in ran.notices(other.name)
    assert not other.path(OURS).exists()
    other.sh("apt-get -q update")
    assert "docker-ce/linux" in other.sh(f"apt-cache madison {engine.package}")
    assert changed(controller.run(*PACKAGES).stderr) == 0


@pytest.mark.parametrize(
    "server", ["127.0.0.1:9", pytest.param("192.0.2.1", marks=pytest.mark.slow)], ids=["refuses", "silent"]
)
@row(86, "an unrelated repository is dead")
def test_dead_repository_of_others_is_a_notice_with_its_file(
    controller: Controller, other: FaultyHost, server: str
) -> None:
    if has_dpkg(other):
        path, text = DOCKER, f"deb http://{server}/debian bookworm main\n"
        other.sh("rm -rf /var/lib/apt/lists/*")
    else:
        path = "/etc/yum.repos.d/dead.repo"
        text = f"[dead]\nname=dead\nbaseurl=http://{server}/\nenabled=1\ngpgcheck=0\n"
    other.write(path, text)
    controller.run("phase", "hosts")  # sudo waits for a DNS server while the host does not know its own name
    step = STEP if has_dpkg(other) else PACKAGES
    controller.only("k8s-master01", other.name)
    ran = controller.run(*step, within=300)
    assert f"{path}: cannot read" in ran.notices(other.name)
    ran.went_on(other.name, phase=step[1])
    assert changed(controller.run(*step).stderr) == 0


@row(87, "an installation of others was killed")
def test_packages_of_others_that_are_half_installed_are_repaired(
    controller: Controller, other: FaultyHost
) -> None:
    needs_dpkg(other)
    controller.only("k8s-master01", other.name)
    reached = "/var/tmp/reached"
    wait = f"[ -e {reached} ] && exit 0\n: > {reached}; exec sleep 60"
    offer(other, Package("sleeper", "1", preinst=wait))
    other.sh("systemd-run --quiet --unit=others apt-get -y install sleeper")
    until(other.path(reached).exists, "the middle of the installation")
    other.sh("pkill -9 -x dpkg; pkill -9 -x apt-get; systemctl stop others; true")
    assert "iHR" in other.sh("dpkg-query -W -f '${db:Status-Abbrev}' sleeper")
    assert other.sh("ls /var/lib/dpkg/updates").strip()
    planned = controller.run("plan", "--from", "time-sync", "--to", "time-sync")
    assert "repair an interrupted package transaction" in planned.stdout
    assert "half-installed packages will be repaired: sleeper" in planned.stdout + planned.stderr
    ran = controller.run(*STEP)
    assert "half-installed packages will be repaired: sleeper" in ran.notices(other.name)
    assert other.sh("dpkg --audit; ls /var/lib/dpkg/updates").strip() == ""
    assert other.sh("dpkg-query -W -f '${db:Status-Abbrev}' sleeper").strip() == "ii"
    assert changed(controller.run(*STEP).stderr) == 0


@pytest.mark.slow
@row(89, "a repository whose lists cannot be read")
def test_repository_file_whose_lists_cannot_be_read_is_taken_back(
    controller: Controller, ward: Ward, other: FaultyHost
) -> None:
    needs_dpkg(other)
    good = controller.spec["os"]["repositories"]["docker"]
    controller.spec["os"]["repositories"]["docker"] = {**good, "url": f"http://{ward.gateway}:8080/nowhere"}
    controller.run(*PACKAGES, expect=1, within=300).blames(other.name, "KB-REPOSITORY-404", "nowhere")
    assert not other.path(OURS).exists()
    other.sh("apt-get -q update --error-on=any")
    controller.spec["os"]["repositories"]["docker"] = good
    controller.run(*PACKAGES, within=300).went_on(other.name, phase="os-packages")
    assert other.path(OURS).exists()
