"""`reset`, and the undoing of an unfinished init, on hosts where volumes are still mounted."""

from __future__ import annotations

import pytest
from fake_cluster import FakeCluster
from fake_host import FakeConnection
from fake_state import FakeFile
from runs import raise_errors, run

from k8sboot.ensure.mounts import NOTHING_MOUNTED, UNMOUNT
from k8sboot.errors import K8sbootError
from k8sboot.events import Changed
from k8sboot.kubernetes.mounts import Mount, parse
from k8sboot.paths import UNFINISHED
from k8sboot.runbook import RESET, UP

pytestmark = pytest.mark.usefixtures("clock")
POD = "0f3c2b1a-7a1e-4d2b-9d70-1c2d3e4f5a6b"
VOLUME = f"/var/lib/kubelet/pods/{POD}/volumes/kubernetes.io~local-volume/data"


def mounted(host: FakeConnection, *, user: str = "") -> None:
    """A volume with one file in it."""
    host.mounts[VOLUME] = "ext4 /dev/sdb1"
    host.put(f"{VOLUME}/db", "what years have written")
    if user:
        host.users[VOLUME] = user


def has_data(host: FakeConnection) -> bool:
    return any(path.endswith("/db") for path, file in host.files.items() if isinstance(file, FakeFile))


def test_reset_unmounts_what_is_mounted_and_its_files_stay(finished: FakeCluster):
    host = finished.hosts["n1"]
    mounted(host)
    told = raise_errors(run(finished, RESET))
    assert told.changes["n1"] == ["unmount volumes", "take Kubernetes off the machine"]
    assert host.text("/dev/sdb1/db") == "what years have written"
    assert not [path for path in host.files if path.startswith("/etc/kubernetes/")]
    assert raise_errors(run(finished, RESET)).changes == {}


def test_kubelet_and_the_pods_of_the_volumes_are_stopped_before(finished: FakeCluster):
    host = finished.hosts["n1"]
    mounted(host)
    host.events.clear()
    raise_errors(run(finished, RESET))
    begun = [
        words for words in host.events if words.startswith(("systemctl stop", "/bin/sh", "kubeadm reset"))
    ]
    assert begun[0] == "systemctl stop kubelet.service"
    assert begun[1].endswith(f"stop-pods {POD}")
    assert [UNMOUNT[2][:40] in begun[2].replace("'\"'\"'", "'"), "kubeadm reset" in begun[4]] == [True, True]


@pytest.mark.parametrize("is_dry", [True, False])
def test_a_volume_in_use_is_refused_with_its_process_and_nothing_is_stopped(finished: FakeCluster, is_dry):
    host = finished.hosts["n1"]
    mounted(host, user="4711 rsync")
    told = run(finished, RESET, is_dry=is_dry)
    assert told.errors == {"n1": "KB-VOLUME-MOUNTED"}
    error = told.report.errors["n1"]
    assert isinstance(error, K8sbootError)
    assert f"{VOLUME} is ext4 on /dev/sdb1, used by rsync (pid 4711)" in error.why
    assert "n1" not in told.changes
    assert host.units["kubelet.service"].active == "active"
    assert host.text(f"{VOLUME}/db")


def test_a_volume_that_cannot_be_unmounted_ends_the_reset_before_kubeadm(finished: FakeCluster):
    host = finished.hosts["n1"]
    mounted(host)
    host.answers["/bin/sh -c"] = ""
    told = run(finished, RESET)
    assert told.errors == {"n1": "KB-VOLUME-MOUNTED"}
    assert told.changes["n1"] == ["unmount volumes"]
    assert not [words for words in host.events if "kubeadm reset" in words]
    assert has_data(host)


def test_what_is_mounted_at_the_last_moment_is_not_deleted(finished: FakeCluster):
    host = finished.hosts["n1"]
    host.answers["volume-mounts"] = ""
    mounted(host)
    told = run(finished, RESET)
    assert told.errors == {"n1": "KB-COMMAND"}
    assert NOTHING_MOUNTED[2] in told.report.errors["n1"].why.replace("'\"'\"'", "'")
    assert has_data(host)


def test_a_host_that_cannot_tell_its_mounts_is_not_reset(finished: FakeCluster):
    host = finished.hosts["n1"]
    host.answers["volume-mounts"] = (1, "", "")
    told = run(finished, RESET)
    assert told.errors == {"n1": "KB-VOLUME-MOUNTED"}
    assert "n1" not in told.changes


def test_a_dry_run_shows_what_would_be_unmounted(finished: FakeCluster):
    mounted(finished.hosts["n1"])
    told = raise_errors(run(finished, RESET, is_dry=True))
    (change,) = [e for e in told.events if isinstance(e, Changed) and e.what == "unmount volumes"]
    assert f"{VOLUME}: ext4 on /dev/sdb1 -> unmounted" in change.diff
    assert "kubelet.service: stops, with the Pods of these volumes (now active, enabled)" in change.diff
    assert finished.hosts["n1"].mounts


@pytest.mark.parametrize("name", ["m1", "n1"])
def test_up_undoes_an_unfinished_kubeadm_only_after_it_has_unmounted(finished: FakeCluster, name):
    if name == "m1":  # no other is a member while the first master's init has not finished
        raise_errors(run(finished, RESET, limit=["n1", "n2"]))
    host = finished.hosts[name]
    mounted(host, user="4711 rsync")
    host.put(UNFINISHED, "")
    told = run(finished, UP)
    assert told.errors[name] == "KB-VOLUME-MOUNTED"
    assert "undo an unfinished kubeadm" not in told.changes.get(name, [])
    assert host.text(f"{VOLUME}/db")
    host.users.clear()
    assert run(finished, UP).changes[name][:2] == ["unmount volumes", "undo an unfinished kubeadm"]
    assert host.text("/dev/sdb1/db") == "what years have written"


def test_mounts_are_read_with_their_escapes_and_their_users():
    text = (
        "nfs4 nas:/a\\040b /var/lib/kubelet/pods/u-1/volume-subpaths/my\\040pv/app/0\n 7 my program\n 8 sh\n"
        "ext4 /dev/sdb1[/d\\134x] /var/lib/kubelet/plugins/kubernetes.io/csi/pv/p/globalmount\nnonsense\n"
    )
    first, second = parse(text)
    assert first == Mount(
        "/var/lib/kubelet/pods/u-1/volume-subpaths/my pv/app/0", "nfs4", "nas:/a b", ("7 my program", "8 sh")
    )
    assert (first.pod, second.pod, second.source) == ("u-1", "", "/dev/sdb1[/d\\x]")
