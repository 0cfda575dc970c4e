"""`reset --restore-os`: what was before is back, whatever happened in between."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from fake_cluster import FakeCluster
from fake_host import FakeConnection
from fake_notes import BESIDE
from fake_shell import plain
from fake_state import SWAPS, FakeFile, FakeUnit
from fake_systems import MIRROR, NAMES, debian, el7
from fake_yum import LOCK_LIST, LOCK_PLUGIN
from inventories import spec
from runs import Told, mutations, raise_errors, run

from k8sboot.errors import Interrupted
from k8sboot.events import Notice
from k8sboot.former import FORMER_DIR, ORIGINALS_DIR
from k8sboot.inventory.model import OsSettings, Repository
from k8sboot.runbook import RESET, RESET_WITH_OS, UP

pytestmark = pytest.mark.usefixtures("clock")

ON = SWAPS + "/dev/sda2 partition 1 0 -2\n/dev/zram0 partition 1 0 -2\n"
OF_PACKAGES = (LOCK_PLUGIN,)
"""Files that packages bring, and packages stay."""
MIRRORED = {name: Repository(f"{MIRROR}/{name}", key=f"{MIRROR}/{name}.asc") for name in NAMES}
CHRONY = "/etc/chrony/chrony.conf"


def bare_debian() -> dict[str, Any]:
    """With all that k8sboot alters, in another state than it wants."""
    made = debian()
    made["units"].update(
        {
            "swap.target": FakeUnit("active", "static"),
            "zramswap.service": FakeUnit("active", "enabled"),
            "systemd-timesyncd.service": FakeUnit("active", "enabled"),
        }
    )
    made["files"].update(
        {
            "/proc/swaps": ON,
            "/etc/timezone": "Etc/UTC\n",
            "/etc/docker/daemon.json": FakeFile(b'{"debug": true}', mode=0o600, owner="root:adm"),
            CHRONY: "server ntp.lan\n",
            "/etc/hosts": "127.0.0.1 localhost\n10.0.0.9 printer",
            "/root/.kube/config": "of another cluster",
        }
    )
    return made


def bare_el7() -> dict[str, Any]:
    """The same of CentOS; its `network` would raise the links."""
    made = el7()
    made["units"]["swap.target"] = FakeUnit("active", "static")
    made["files"]["/proc/swaps"] = SWAPS + "/dev/sda2 partition 1 0 -2\n"
    return made


FAMILIES = pytest.mark.parametrize("system", [bare_debian, bare_el7])


def cluster(system: Callable[[], dict[str, Any]], *, nodes: int = 0) -> FakeCluster:
    settings = {"repositories": MIRRORED} if system is bare_el7 else {}
    wanted = spec(nodes=nodes, os=OsSettings(**settings)) if settings else spec(nodes=nodes)
    made = FakeCluster(wanted, **dict.fromkeys((h.name for h in wanted.hosts), system))
    for host in made.hosts.values():
        host.answers["network-raises-links"] = ""
    return made


@pytest.fixture(scope="module")
def made_once() -> dict[Any, FakeCluster]:
    """Finished clusters by system, to be copied."""
    return {}


@pytest.fixture
def finished(made_once: dict[Any, FakeCluster]) -> Callable[..., FakeCluster]:
    def copied(system: Callable[[], dict[str, Any]] = bare_debian) -> FakeCluster:
        if system not in made_once:
            made_once[system] = cluster(system)
            raise_errors(run(made_once[system], UP))
        return copy.deepcopy(made_once[system])

    return copied


def state(host: FakeConnection, before: FakeConnection) -> dict[str, object]:
    """All that k8sboot may have altered, but for what came with packages: their units, and files of theirs."""
    units = {name: (u.active, u.enabled) for name, u in host.units.items() if name in before.units}
    held = host.text(LOCK_LIST) if LOCK_LIST in host.files else ""
    files = {p: f for p, f in host.files.items() if p not in (*OF_PACKAGES, LOCK_LIST)}
    return {**files, **units, **host.sysctls, **host.facts, "held": (host.held, held)}


def assert_as_before(it: FakeCluster, system: Callable[[], dict[str, Any]]) -> None:
    before = cluster(system).hosts["m1"]
    now = it.hosts["m1"]
    for key in list(now.sysctls):
        if key not in before.sysctls:  # br_netfilter, which stays loaded, brings them
            assert "bridge" in key
            del now.sysctls[key]
    found, wanted = state(now, before), state(before, before)
    assert {
        key: (found.get(key), wanted.get(key))
        for key in {*found, *wanted}
        if found.get(key) != wanted.get(key)
    } == {}


def restore(it: FakeCluster, **how: Any) -> Told:
    return run(it, RESET_WITH_OS, **how)


def left(told: Told) -> dict[str, str]:
    """What is left by its first word, with its diff."""
    notices = [e for e in told.of(Notice) if isinstance(e, Notice) and e.code == "KB-RESTORE-LEFT"]
    return {e.text.split(" is left")[0]: e.text + "\n" + e.diff for e in notices}


@FAMILIES
def test_after_up_and_restore_the_host_is_as_it_was(finished, system):
    it = finished(system)
    told = raise_errors(restore(it))
    assert_as_before(it, system)
    assert told.codes.count("KB-RESTORE-STAYS") == 2, "packages, and modules until the next boot"
    assert "KB-RESTORE-INCOMPLETE" not in told.codes
    again = raise_errors(restore(it))
    assert again.changes == {}
    assert again.codes == ["KB-RESTORE-NOTHING"]
    assert mutations(it) == {}
    assert it.hosts["m1"].runs == ["probe", "hold", "release"]


@FAMILIES
def test_up_after_a_restore_and_a_restore_after_that_are_as_the_first_time(finished, system):
    it = finished(system)
    raise_errors(restore(it))
    raise_errors(run(it, UP))
    assert it.members == ["m1"]
    assert raise_errors(run(it, UP)).changes == {}
    raise_errors(restore(it))
    assert_as_before(it, system)


@FAMILIES
def test_a_dry_run_says_all_and_alters_nothing(finished, system):
    it = finished(system)
    before = copy.deepcopy(it.hosts["m1"].files)
    planned = [
        what
        for what in raise_errors(restore(it, is_dry=True)).changes["m1"]
        if not what.startswith("put back")
    ]
    assert mutations(it) == {}
    assert it.hosts["m1"].files == before
    done = raise_errors(restore(it)).changes["m1"]
    assert set(planned) <= set(done)
    assert len(planned) > 5


@FAMILIES
def test_a_plain_reset_leaves_the_system_alone_and_says_how_to_undo_it(finished, system):
    it = finished(system)
    before = copy.deepcopy(it.hosts["m1"])
    told = raise_errors(run(it, RESET))
    assert told.codes == ["KB-RESET-STAYS"]
    assert "reset --restore-os" in next(e.text for e in told.of(Notice) if isinstance(e, Notice))
    assert it.hosts["m1"].sysctls == before.sysctls
    assert it.hosts["m1"].facts == before.facts
    raise_errors(restore(it))
    assert_as_before(it, system)


def cut(host: FakeConnection, after: int) -> list[str]:
    """From the so many-th mutation on, nothing more is done; what was."""
    done: list[str] = []
    command, write = host._command, host._write

    def gone(what: str) -> None:
        if len(done) >= after:
            raise Interrupted("killed")
        done.append(what)

    def cut_command(words: list[str]) -> Any:
        before = len(host.mutations)
        said = _reads(host, words)
        if not said:
            gone(plain(words))
        result = command(words)
        assert said == (len(host.mutations) == before)
        return result

    def cut_write(script: str) -> Any:
        gone("write")
        return write(script)

    host._command, host._write = cut_command, cut_write  # type: ignore[method-assign]
    return done


def _reads(host: FakeConnection, words: list[str]) -> bool:
    from fake_host import READING

    return plain(words).startswith(READING)


def mend(host: FakeConnection) -> None:
    del host._command, host._write


@FAMILIES
def test_a_restore_that_is_cut_anywhere_is_finished_by_the_next(finished, system):
    for after in range(1000):
        it = finished(system)
        done = cut(it.hosts["m1"], after)
        told = restore(it)
        mend(it.hosts["m1"])
        if not told.errors:
            break
        told = raise_errors(restore(it))
        assert left(told) == {}, f"cut after {done[-1:]}"
        assert_as_before(it, system)
    assert after > 20


@FAMILIES
def test_what_an_up_that_was_cut_anywhere_has_done_is_undone(system):
    for after in range(1000):
        it = cluster(system)
        done = cut(it.hosts["m1"], after)
        told = run(it, UP)
        mend(it.hosts["m1"])
        if not told.errors:
            break
        assert set(told.errors.values()) == {"KB-INTERRUPTED"}
        raise_errors(restore(it))
        try:
            assert_as_before(it, system)
        except AssertionError as error:
            raise AssertionError(f"cut after {done}") from error
    assert after > 30


def test_what_others_have_edited_since_stays_and_is_shown(finished):
    it = finished()
    host = it.hosts["m1"]
    ours = host.text(CHRONY)
    host.put(CHRONY, ours + "maxdistance 3\n")
    host.put("/etc/sysctl.d/90-k8sboot.conf", host.text("/etc/sysctl.d/90-k8sboot.conf") + "vm.x = 1\n")
    host.sysctls["net.ipv4.ip_forward"] = "2"
    host.units["ufw.service"].enabled = "masked"
    told = raise_errors(restore(it))
    found = left(told)
    assert set(found) == {CHRONY, "/etc/sysctl.d/90-k8sboot.conf", "net.ipv4.ip_forward", "ufw.service"}
    assert "+maxdistance 3\n" in found[CHRONY]
    assert "-server" not in found[CHRONY]
    assert f"its original is {ORIGINALS_DIR}{CHRONY}" in found[CHRONY]
    assert "it is 2 since" in found["net.ipv4.ip_forward"]
    assert "masked since" in found["ufw.service"]
    assert host.text(CHRONY) == ours + "maxdistance 3\n"
    assert host.sysctls["net.ipv4.ip_forward"] == "2"
    assert host.text("/etc/docker/daemon.json") == '{"debug": true}', "all else is back"
    kept = {path for path in host.files if path.startswith(ORIGINALS_DIR) and not path.endswith(BESIDE)}
    assert kept == {
        f"{ORIGINALS_DIR}{CHRONY}",
        f"{ORIGINALS_DIR}/etc/sysctl.d/90-k8sboot.conf.k8sboot-absent",
    }
    again = raise_errors(restore(it))
    assert again.changes == {}
    assert left(again) == found
    host.put(CHRONY, ours)
    raise_errors(restore(it))
    assert host.text(CHRONY) == "server ntp.lan\n", "the original was kept for it"


@pytest.mark.parametrize(
    ("path", "edit", "wanted"),
    [
        (
            "/etc/hosts",
            lambda text: "10.0.0.1 before\n" + text + "10.0.0.2 after\n",
            "10.0.0.1 before\n127.0.0.1 localhost\n10.0.0.9 printer\n10.0.0.2 after\n",
        ),
        (
            "/etc/fstab",
            lambda text: text + "nas:/x /x nfs ro 0 0\n",
            "/dev/sda2 none swap sw 0 0\nnas:/x /x nfs ro 0 0\n",
        ),
    ],
)
def test_in_a_file_of_the_operators_only_our_lines_go(finished, path, edit, wanted):
    it = finished()
    host = it.hosts["m1"]
    host.put(path, edit(host.text(path)), mode=0o640)
    told = raise_errors(restore(it))
    assert host.text(path) == wanted
    assert host.files[path].mode == 0o640
    assert left(told) == {}
    assert not [p for p in host.files if p.startswith((ORIGINALS_DIR, FORMER_DIR))]


def test_an_edited_file_keeps_its_edits_wherever_a_restore_is_cut(finished):
    for after in range(1000):
        it = finished()
        host = it.hosts["m1"]
        host.put("/etc/hosts", host.text("/etc/hosts") + "10.0.0.2 after\n")
        cut(host, after)
        told = restore(it)
        mend(host)
        if not told.errors:
            break
        assert left(raise_errors(restore(it))) == {}
        assert host.text("/etc/hosts") == "127.0.0.1 localhost\n10.0.0.9 printer\n10.0.0.2 after\n"
    assert after > 20


def test_selinux_is_as_strict_as_it_was_and_other_lines_stay(finished):
    it = finished(bare_el7)
    host = it.hosts["m1"]
    path = "/etc/selinux/config"
    host.put(path, "# mine\n" + host.text(path))
    assert "SELINUX=permissive" in host.text(path)
    raise_errors(restore(it))
    assert host.text(path) == "# mine\nSELINUX=enforcing\nSELINUXTYPE=targeted\n"
    assert host.facts["selinux"] == "Enforcing"


def test_selinux_that_is_off_until_a_boot_is_left_and_said(finished):
    it = finished(bare_el7)
    it.hosts["m1"].facts["selinux"] = "Disabled"
    assert "off until the next boot" in left(raise_errors(restore(it)))["SELinux"]


def test_what_somebody_removed_is_no_edit(finished):
    it = finished()
    host = it.hosts["m1"]
    for path in (CHRONY, "/etc/security/limits.d/90-k8sboot.conf"):
        del host.files[path]
    raise_errors(restore(it))
    assert_as_before(it, bare_debian)


def test_an_original_that_was_damaged_is_not_put_back(finished):
    it = finished()
    host = it.hosts["m1"]
    ours = host.text(CHRONY)
    host.put(f"{ORIGINALS_DIR}{CHRONY}", "half of it")
    assert "has changed since it was kept" in left(raise_errors(restore(it)))[CHRONY]
    assert host.text(CHRONY) == ours


def test_swap_on_a_device_that_is_gone_is_an_error_and_all_else_is_back(finished):
    it = finished()
    host = it.hosts["m1"]
    host.no_devices.add("/dev/zram0")
    told = restore(it)
    assert told.errors == {"m1": "KB-NOT-AS-WANTED"}
    assert "cannot open /dev/zram0" in told.report.errors["m1"].why
    assert host.text(CHRONY) == "server ntp.lan\n"
    noted = {p for p in host.files if p.startswith((FORMER_DIR, ORIGINALS_DIR))}
    assert noted == {f"{FORMER_DIR}/complete/", f"{FORMER_DIR}/swap/devices"}
    host.no_devices.clear()
    raise_errors(restore(it))
    assert_as_before(it, bare_debian)


def test_a_unit_whose_package_is_gone_is_left_and_said(finished):
    it = finished()
    del it.hosts["m1"].units["systemd-timesyncd.service"]
    found = left(raise_errors(restore(it)))
    assert "no such unit any more" in found["systemd-timesyncd.service"]


def test_the_firewall_comes_last_and_by_a_job(finished):
    it = finished()
    told = raise_errors(restore(it)).changes["m1"]
    assert [what for what in told if what.endswith("e as it was")][-1] == "ufw.service as it was"
    assert told.index("ufw.service as it was") > told.index("swap.target as it was")


def test_services_read_what_is_theirs_again_and_the_network_is_only_reloaded(finished):
    it = finished(bare_el7)
    host = it.hosts["m1"]
    restarts = host.units["NetworkManager.service"].restarts
    told = raise_errors(restore(it)).changes["m1"]
    assert "reload NetworkManager.service" in told
    assert host.units["NetworkManager.service"].restarts == restarts
    it = finished()
    host = it.hosts["m1"]
    before = {name: host.units[name].restarts for name in ("docker.service", "chrony.service")}
    raise_errors(restore(it))
    assert {name: host.units[name].restarts - n for name, n in before.items()} == dict.fromkeys(before, 1)


def as_older_k8sboot_left_it(host: FakeConnection) -> None:
    """Only first originals of what it wrote itself, and marks for those that were not there."""
    by_tools = tuple(f"{ORIGINALS_DIR}/etc/{name}" for name in ("hostname", "timezone", "localtime"))
    for path in [p for p in host.files if p.startswith((FORMER_DIR, *by_tools)) or p.endswith(BESIDE)]:
        del host.files[path]


@FAMILIES
def test_a_host_of_an_older_k8sboot_is_undone_as_far_as_is_known(finished, system):
    it = finished(system)
    host = it.hosts["m1"]
    as_older_k8sboot_left_it(host)
    assert raise_errors(run(it, UP)).changes == {}
    told = raise_errors(restore(it))
    assert "KB-RESTORE-INCOMPLETE" in told.codes
    assert "k8sboot" not in host.text("/etc/hosts")
    assert host.text("/etc/fstab") == "/dev/sda2 none swap sw 0 0\n"
    assert not [p for p in host.files if "k8sboot" in p and not p.startswith((ORIGINALS_DIR, "/run/"))]
    assert all("older k8sboot" in text for text in left(told).values())
    if system is bare_debian:
        assert "-server ntp.lan" in left(told)[CHRONY]
    assert raise_errors(restore(it)).changes == {}


def test_an_older_k8sboots_notes_are_not_taken_for_all_when_newer_ones_come_to_them(finished):
    it = finished()
    host = it.hosts["m1"]
    as_older_k8sboot_left_it(host)
    host.units["ufw.service"].enabled = "enabled"
    raise_errors(run(it, UP))
    told = raise_errors(restore(it))
    assert "KB-RESTORE-INCOMPLETE" in told.codes
    assert host.units["ufw.service"].enabled == "enabled"


def test_only_the_chosen_hosts_are_restored():
    it = cluster(bare_debian, nodes=1)
    raise_errors(run(it, UP))
    before = copy.deepcopy(it.hosts["m1"].files)
    told = raise_errors(restore(it, limit=["n1"]))
    assert it.hosts["m1"].files == before
    assert it.hosts["n1"].text(CHRONY) == "server ntp.lan\n"
    assert set(told.changes) == {"m1", "n1"}
    assert told.changes["m1"] == ["drain n1 and take it out of the cluster"]
