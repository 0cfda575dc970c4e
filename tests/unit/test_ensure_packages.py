from __future__ import annotations

from dataclasses import replace

import pytest
from fake_yum import EL7

from k8sboot import ensure
from k8sboot.errors import CommandFailed, NotAsWanted, Refused
from k8sboot.osfamily import Wanted
from k8sboot.osfamily.family import matches, upstream

OFFERED = {
    "docker-ce": ("5:24.0.1-1~debian", "5:20.10.24~3-0~debian", "5:20.10.23~3-0~debian"),
    "kubeadm": ("1.23.18-00", "1.23.17-00", "1.23.1-00"),
    "jq": ("1.6-2.1",),
}
DOCKER = Wanted("docker-ce", "20.10", is_held=True)
KUBEADM = Wanted("kubeadm", "=1.23.17", is_held=True)
FRESH = {"answers": {"apt-lists-are-fresh": "", "ls": ""}, "has_fresh_lists": True}
STALE = {"answers": {"apt-lists-are-fresh": (1, "", ""), "ls": (1, "", "")}}


def _words(it, begins):
    return [line.split()[-1] for line in it.connection.commands if begins in line]


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ("5:20.10.24~3-0~debian-bookworm", "20.10", True),
        ("5:20.10.24~3-0~debian-bookworm", "20.1", False),
        ("1.23.17-00", "=1.23.17", True),
        ("1.23.17-00", "=1.23.1", False),
        ("1.23.17-00", "1.23.1", False),
        ("1.20.2+really-1", "=1.20.2", True),
        ("20.10", "20.10", True),
        ("0:9", "", True),
        ("0:1.23.17-0", "==0:1.23.17-0", True),
        ("0:1.23.17-1", "==0:1.23.17-0", False),
    ],
)
def test_a_version_fits_what_is_wanted(version, wanted, fits):
    assert matches(version, wanted) is fits


def test_upstream_is_without_epoch_and_revision():
    assert upstream("5:20.10.24~3-0~debian") == "20.10.24"


def test_packages_at_their_versions_and_held_are_left_alone(bench):
    it = bench(packages={"docker-ce": "5:20.10.5-1", "jq": "1.5"}, held={"docker-ce"}, **STALE)
    assert it.do(ensure.packages, DOCKER, Wanted("jq")) == []
    assert it.connection.mutations == []


def test_lists_are_read_when_stale_and_the_newest_that_fits_is_taken(bench):
    it = bench(offered=OFFERED, **STALE)
    assert it.do(ensure.packages, DOCKER, Wanted("jq")) == [
        "read the package lists",
        "install docker-ce=5:20.10.24~3-0~debian jq",
        "hold docker-ce",
    ]
    assert it.connection.packages == {"docker-ce": "5:20.10.24~3-0~debian", "jq": "1.6-2.1"}
    assert it.connection.held == {"docker-ce"}
    assert it.do(ensure.packages, DOCKER, Wanted("jq")) == []


def test_fresh_lists_that_have_it_are_not_read_again(bench):
    it = bench(offered=OFFERED, **FRESH)
    assert it.do(ensure.packages, KUBEADM) == ["install kubeadm=1.23.17-00", "hold kubeadm"]


def test_fresh_lists_that_lack_it_are_read_again(bench):
    it = bench(offered=OFFERED, answers=FRESH["answers"])
    assert it.do(ensure.packages, KUBEADM)[0] == "read the package lists"


def test_another_version_is_replaced_even_downwards(bench):
    it = bench(offered=OFFERED, packages={"kubeadm": "1.23.18-00"}, held={"kubeadm"}, **FRESH)
    assert it.do(ensure.packages, KUBEADM) == ["install kubeadm=1.23.17-00"]
    line = next(line for line in it.connection.commands if "apt-get" in line)
    assert "--allow-downgrades" in line
    assert "--allow-change-held-packages" in line


def test_only_what_is_loose_is_held(bench):
    it = bench(packages={"kubeadm": "1.23.17-00", "docker-ce": "20.10.1"}, held={"docker-ce"}, **FRESH)
    assert it.do(ensure.packages, DOCKER, KUBEADM) == ["hold kubeadm"]


def test_a_version_that_nobody_offers_is_refused_with_what_is_on_offer(bench):
    it = bench(offered=OFFERED, **FRESH)
    with pytest.raises(Refused) as refused:
        it.do(ensure.packages, Wanted("kubeadm", "=1.23.99"), Wanted("nonsense"))
    assert refused.value.error_code == "KB-PACKAGE-MISSING"
    assert "kubeadm =1.23.99 (available: 1.23.18-00, 1.23.17-00, 1.23.1-00)" in refused.value.what
    assert "nonsense  (available: none)" in refused.value.what
    assert not any("install" in line for line in it.connection.commands)


def test_an_interrupted_transaction_is_repaired_first(bench):
    it = bench(offered=OFFERED, broken={"jq"}, **FRESH)
    assert it.do(ensure.packages, Wanted("jq"), Wanted("kubeadm")) == [
        "repair an interrupted package transaction",
        "read the package lists",
        "install kubeadm",
    ]
    assert it.said == ["KB-PACKAGES-BROKEN"]


def test_a_dry_run_on_a_bare_host_plans_without_refusing(bench):
    it = bench(**STALE)
    assert it.do(ensure.packages, KUBEADM, is_dry=True) == [
        "read the package lists",
        "install kubeadm=*1.23.17*",
        "hold kubeadm",
    ]
    assert it.connection.mutations == []


def test_an_optional_package_that_nobody_offers_is_a_notice_and_not_looked_for_again(bench):
    it = bench(offered=OFFERED, **FRESH)
    wanted = (Wanted("jq", is_optional=True), Wanted("nonsense", is_optional=True))
    assert it.do(ensure.packages, *wanted) == ["install jq"]
    assert it.said == ["KB-PACKAGE-ABSENT"]
    stale = bench(offered=OFFERED, packages={"jq": "1"}, **STALE)
    assert stale.do(ensure.packages, *wanted) == [], "the lists are not read anew for it"


def test_versions_are_chosen_from_what_is_installed_else_the_newest_that_fits(bench):
    it = bench(offered=OFFERED, packages={"docker-ce": "5:20.10.5-1"}, **FRESH)
    chosen = ensure.choose(it.host(), DOCKER, KUBEADM, Wanted("jq"))
    assert chosen == {"docker-ce": "5:20.10.5-1", "kubeadm": "1.23.17-00", "jq": "1.6-2.1"}


def test_one_very_package_can_be_asked_for(bench):
    it = bench(offered=OFFERED, packages={"docker-ce": "5:20.10.24~3-0~debian"}, **FRESH)
    exact = Wanted("docker-ce", "==5:20.10.23~3-0~debian", is_held=True)
    assert it.do(ensure.packages, exact) == ["install docker-ce=5:20.10.23~3-0~debian", "hold docker-ce"]


DEBIANS = {"containerd": "1.6.20~ds1-1", "runc": "1.1.5+ds1-1", "docker.io": "20.10.24+dfsg1-1"}
CONTAINERD = {"offered": {"containerd.io": ("1.6.33-1",)}, "packages": DEBIANS}
RIVALS = {"rivals": {"containerd.io": tuple(DEBIANS)}}
YUM_FRESH = {
    "answers": {"yum-lists-are-fresh": "", "yum-health": "", "yum-lock-holder": ""},
    "files": {"/etc/os-release": EL7},
    "has_fresh_lists": True,
}
OBSOLETED = {
    "offered": {"containerd.io": ("0:1.6.33-3.1.el7",)},
    "packages": {"runc": "1.0.0-69"},
    "rivals": {"containerd.io": ("runc",)},
}


@pytest.mark.parametrize("is_dry", [False, True], ids=["up", "plan"])
@pytest.mark.parametrize(
    ("state", "gone"),
    [({**CONTAINERD, **RIVALS, **FRESH}, DEBIANS), ({**OBSOLETED, **YUM_FRESH}, OBSOLETED["packages"])],
    ids=["apt", "yum"],
)
def test_an_installation_that_would_remove_packages_is_refused_with_their_names(bench, state, gone, is_dry):
    it = bench(**state)
    with pytest.raises(Refused) as refused:
        it.do(ensure.packages, Wanted("containerd.io"), is_dry=is_dry)
    assert refused.value.error_code == "KB-PACKAGE-REMOVES"
    for name, version in gone.items():
        assert f"{name} {version}" in refused.value.what
        assert name in refused.value.fix
    assert it.connection.mutations == []


def test_apt_itself_removes_nothing_even_if_the_simulation_did_not_say_so(bench):
    it = bench(
        **{**CONTAINERD, **RIVALS, "answers": {**FRESH["answers"], "apt-get -s": ""}}, has_fresh_lists=True
    )
    with pytest.raises(CommandFailed, match="install containerd.io"):
        it.do(ensure.packages, Wanted("containerd.io"))
    assert it.connection.packages == DEBIANS


def test_a_package_that_is_to_be_replaced_is_told_and_removed(bench):
    it = bench(
        offered={"chrony": ("4.3-2",)},
        packages={"systemd-timesyncd": "252.1"},
        rivals={"chrony": ("systemd-timesyncd",)},
        **FRESH,
    )
    assert it.do(ensure.packages, Wanted("chrony", replaces=("systemd-timesyncd",))) == ["install chrony"]
    assert "systemd-timesyncd: 252.1 -> removed" in it.events[-1].diff
    assert "systemd-timesyncd" not in it.connection.packages


@pytest.mark.parametrize("is_dry", [False, True], ids=["up", "plan"])
def test_a_downgrade_is_refused_unless_it_is_allowed_and_then_told(bench, is_dry):
    it = bench(offered=OFFERED, packages={"docker-ce": "5:24.0.1-1~debian"}, **FRESH)
    with pytest.raises(Refused) as refused:
        it.do(ensure.packages, replace(DOCKER, if_newer="set runtime.version"), is_dry=is_dry)
    assert refused.value.error_code == "KB-PACKAGE-DOWNGRADE"
    assert "docker-ce 5:24.0.1-1~debian -> 5:20.10.24~3-0~debian" in refused.value.what
    assert refused.value.fix == "set runtime.version"
    assert it.connection.mutations == []
    assert it.do(ensure.packages, DOCKER, is_dry=is_dry)[0] == "install docker-ce=5:20.10.24~3-0~debian"
    assert it.said == ["KB-PACKAGE-DOWNGRADE"]


def test_a_dependency_that_would_be_downgraded_is_refused(bench):
    said = "Inst libseccomp2 [2.5.4-1] (2.5.1-1 Debian [amd64])\nInst jq (1.6-2.1 Debian [amd64])\n"
    it = bench(
        offered=OFFERED,
        packages={"libseccomp2": "2.5.4-1"},
        answers={**FRESH["answers"], "apt-get -s": said},
        has_fresh_lists=True,
    )
    with pytest.raises(Refused, match="libseccomp2 2.5.4-1 -> 2.5.1-1"):
        it.do(ensure.packages, Wanted("jq"))


def test_a_newer_package_that_is_installed_is_no_downgrade(bench):
    it = bench(offered=OFFERED, packages={"docker-ce": "5:19.03.1~3-0~debian"}, **FRESH)
    assert (
        it.do(ensure.packages, replace(DOCKER, if_newer="no"))[0] == "install docker-ce=5:20.10.24~3-0~debian"
    )
    assert it.said == []
    assert not any("--allow-downgrades" in line for line in it.connection.mutations)


@pytest.mark.parametrize("is_dry", [False, True], ids=["up", "plan"])
def test_a_half_installed_package_of_others_is_repaired(bench, is_dry):
    it = bench(offered={"runc": ("1.1.5-1",)}, packages={"jq": "1.6"}, broken={"runc"}, **FRESH)
    assert it.do(ensure.packages, Wanted("jq"), is_dry=is_dry) == [
        "repair an interrupted package transaction",
        "read the package lists",
    ]
    notice = next(event for event in it.events if getattr(event, "code", ""))
    assert notice.text == "half-installed packages will be repaired: runc"
    assert is_dry or it.do(ensure.packages, Wanted("jq")) == []


def test_a_database_that_dpkg_did_not_finish_writing_is_repaired(bench):
    it = bench(packages={"jq": "1.6"}, **FRESH)
    it.connection.answers["dpkg-health"] = "journal\n"
    with pytest.raises(
        NotAsWanted, match="dpkg was stopped while it wrote its database, which cannot be repaired"
    ):
        it.do(ensure.packages, Wanted("jq"))
    it.connection._repair_dpkg = lambda: it.connection.answers.pop("dpkg-health")
    assert it.do(ensure.packages, Wanted("jq"))[0] == "repair an interrupted package transaction"
