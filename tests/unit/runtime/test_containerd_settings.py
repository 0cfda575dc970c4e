"""config.toml on a host that has one: a package's own is replaced, what an operator wrote stays."""

from __future__ import annotations

import dataclasses

import pytest
from fake_state import FakeFile
from inventories import spec

from k8sboot import ensure
from k8sboot.errors import Refused
from k8sboot.inventory.model import Spec
from k8sboot.inventory.runtime_settings import Registry, RuntimeSettings
from k8sboot.runtime.containerd import Containerd
from k8sboot.runtime.containerd_layout import CRI
from k8sboot.runtime.containerd_state import CONFIG
from k8sboot.text.toml_text import read_toml, toml_text

IMAGES, RUNTIME = "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"
ANSWERS = {
    "containerd-config-is-the-packages": "",
    "containerd-registries": "",
    "containerd-data": "/var/lib/containerd\n0\n",
    "cgroup-driver": "systemd\n",
}
PACKAGED = {**ANSWERS, "containerd-config-is-the-packages": "yes\n"}
OPERATOR = """\
version = 2
disabled_plugins = ["cri", "io.containerd.snapshotter.v1.zfs"]
[debug]
level = "warn"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "k8s.gcr.io/pause:3.2"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia.options]
BinaryName = "/usr/bin/nvidia-container-runtime"
"""
OLDER = '[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]\nendpoint = ["https://m.lan"]\n'


def wanting(*said: str, **settings: object) -> Spec:
    runtime = RuntimeSettings(name="containerd", **settings)
    return dataclasses.replace(spec(), runtime=runtime, said=frozenset(said))


def put(it, wanted: Spec, version: str = "1.7.24") -> list[str]:
    return it.do(lambda host: ensure.files(host, *Containerd().files(wanted, host, version)))


def written(it, wanted: Spec, version: str = "1.7.24") -> dict:
    """The file after k8sboot has been there, and again, which changes nothing."""
    put(it, wanted, version)
    assert put(it, wanted, version) == []
    return read_toml(it.connection.text(CONFIG))


def refused(it, wanted: Spec, version: str = "1.7.24") -> Refused:
    with pytest.raises(Refused) as caught:
        put(it, wanted, version)
    assert it.connection.mutations == []
    return caught.value


@pytest.mark.parametrize(("daemon", "version"), [("1.6.33", 2), ("1.7.24", 2), ("2.0.1", 3), ("2.4.2", 3)])
def test_the_file_has_the_version_that_the_daemon_reads(bench, daemon, version):
    assert written(bench(answers=ANSWERS), wanting(), daemon)["version"] == version


def test_all_that_kubernetes_needs_is_in_it(bench):
    pause = "registry.k8s.io/pause:3.6"
    runc = {"runtime_type": "io.containerd.runc.v2", "options": {"SystemdCgroup": True}}
    registry = {"config_path": "/etc/containerd/certs.d"}
    assert written(bench(answers=ANSWERS), wanting())["plugins"][CRI] == {
        "sandbox_image": pause,
        "cni": {"bin_dir": "/opt/cni/bin", "conf_dir": "/etc/cni/net.d"},
        "containerd": {"runtimes": {"runc": runc}},
        "registry": registry,
    }
    assert written(bench(answers=ANSWERS), wanting(data_root="/data/c"), "2.2.1") == {
        "version": 3,
        "root": "/data/c",
        "plugins": {
            IMAGES: {"pinned_images": {"sandbox": pause}, "registry": registry},
            RUNTIME: {
                "cni": {"bin_dirs": ["/opt/cni/bin"], "conf_dir": "/etc/cni/net.d"},
                "containerd": {"runtimes": {"runc": runc}},
            },
        },
    }


def test_a_packages_own_file_is_replaced(bench):
    it = bench(answers=PACKAGED, files={CONFIG: 'disabled_plugins = ["cri"]\n[debug]\nlevel = "info"\n'})
    found = written(it, wanting())
    assert "debug" not in found
    assert "disabled_plugins" not in found
    assert it.connection.text(CONFIG).startswith("# Managed by k8sboot")


def test_what_an_operator_has_set_stays_and_what_kubernetes_needs_is_added(bench):
    it = bench(answers=ANSWERS, files={CONFIG: FakeFile(OPERATOR.encode(), 0o600, "root:adm")})
    found = written(it, wanting())
    cri = found["plugins"][CRI]
    assert found["disabled_plugins"] == ["io.containerd.snapshotter.v1.zfs"]
    assert found["debug"] == {"level": "warn"}
    assert (cri["cni"]["bin_dir"], cri["sandbox_image"][-9:]) == ("/opt/cni/bin", "pause:3.6")
    assert cri["containerd"]["runtimes"]["nvidia"]["options"] == {
        "BinaryName": "/usr/bin/nvidia-container-runtime",
        "SystemdCgroup": True,
    }
    assert (it.connection.files[CONFIG].mode, it.connection.files[CONFIG].owner) == (0o600, "root:adm")


OWN = "harbor.lan/pause:3.1"


def pause_of(found: dict) -> str:
    return found["plugins"][CRI]["sandbox_image"]


def kept(it, wanted: Spec) -> str:
    said: list[str] = []
    it.do(lambda host: said.append("".join(text for _, text in Containerd().kept(wanted, host))))
    return said[0]


def test_an_operators_pause_image_stays_and_is_told_until_the_inventory_names_a_registry(bench):
    it = bench(answers=ANSWERS, files={CONFIG: OPERATOR.replace("k8s.gcr.io/pause:3.2", OWN)})
    assert OWN in kept(it, wanting())
    assert pause_of(written(it, wanting())) == OWN
    assert OWN in kept(it, wanting())
    assert pause_of(written(it, wanting("cluster.imageRepository"))) == "registry.k8s.io/pause:3.6"
    assert kept(it, wanting("cluster.imageRepository")) == ""


@pytest.mark.parametrize("said", ["mirror", "cluster.imageRepository"])
def test_an_operators_pause_image_is_replaced_where_the_inventory_says_where_images_come_from(bench, said):
    it = bench(answers=ANSWERS, files={CONFIG: OPERATOR.replace("k8s.gcr.io/pause:3.2", OWN)})
    assert kept(it, wanting(said)) == ""
    assert pause_of(written(it, wanting(said))) == "registry.k8s.io/pause:3.6"


@pytest.mark.parametrize("before", ["", OPERATOR])
def test_a_pause_image_that_replaced_k8sboots_is_repaired(bench, before):
    it = bench(answers=ANSWERS, files={CONFIG: before} if before else {})
    ours = pause_of(written(it, wanting()))
    it.connection.put(CONFIG, it.connection.text(CONFIG).replace(ours, OWN))
    assert kept(it, wanting()) == ""
    assert pause_of(written(it, wanting())) == ours


def test_an_edit_made_since_stays_when_the_daemon_gets_newer(bench):
    it = bench(answers=ANSWERS)
    written(it, wanting())
    it.connection.put(CONFIG, it.connection.text(CONFIG) + '[debug]\nlevel = "debug"\n')
    assert written(it, wanting(data_root="/data/c"), "2.2.1")["version"] == 2
    assert read_toml(it.connection.text(CONFIG))["debug"] == {"level": "debug"}


def test_a_file_of_k8sboot_follows_the_daemon(bench):
    it = bench(answers=ANSWERS)
    assert written(it, wanting())["version"] == 2
    assert written(it, wanting(), "2.2.1")["version"] == 3


def test_what_was_spoilt_is_repaired(bench):
    it = bench(answers=ANSWERS)
    whole = written(it, wanting())
    for text in (
        "version = ",
        it.connection.text(CONFIG).replace("SystemdCgroup = true", "SystemdCgroup = false"),
    ):
        it.connection.put(CONFIG, text)
        assert written(it, wanting()) == whole


def test_extra_settings_of_the_inventory_are_merged_and_taken_back(bench):
    it = bench(answers=ANSWERS)
    extra = {"plugins": {CRI: {"max_concurrent_downloads": 9}}, "debug": {"level": "debug"}}
    found = written(it, wanting(config=extra))
    assert found["plugins"][CRI]["max_concurrent_downloads"] == 9
    assert "debug" not in written(it, wanting())


@pytest.mark.parametrize(
    ("text", "settings", "named"),
    [
        ("version = 2\nroot = '/srv/c'\n", {"data_root": "/data/c"}, "root"),
        ("version = 2\n[grpc]\naddress = '/run/other.sock'\n", {}, "grpc.address"),
        (OLDER, {"registries": {"a.lan": Registry()}}, "mirrors"),
        (
            "[plugins.'io.containerd.grpc.v1.cri'.registry]\nconfig_path = '/etc/mine'\n",
            {"registries": {"a.lan": Registry()}},
            "config_path",
        ),
        ("version = 2\n[debug]\nlevel = 'warn'\n", {"config": {"debug": {"level": "info"}}}, "debug.level"),
        ("", {"config": {"plugins": {CRI: {"sandbox_image": "mine"}}}}, "sandbox_image"),
    ],
)
def test_a_contradiction_is_refused_by_its_key(bench, text, settings, named):
    text = text if not text or text.startswith("version") else f"version = 2\n{text}"
    error = refused(bench(answers=ANSWERS, files={CONFIG: text}), wanting(**settings))
    assert error.error_code == "KB-RUNTIME-CONFLICT"
    assert named in error.why


def test_registries_in_the_older_form_stay_where_the_inventory_has_none(bench):
    found = written(bench(answers=ANSWERS, files={CONFIG: f"version = 2\n{OLDER}"}), wanting())
    assert found["plugins"][CRI]["registry"] == {"mirrors": {"docker.io": {"endpoint": ["https://m.lan"]}}}


@pytest.mark.parametrize(
    ("text", "daemon"),
    [
        ("version = \n", "1.7.24"),
        ("[plugins.cri]\nsandbox_image = 'x'\n", "1.7.24"),
        ("version = 3\n[debug]\nlevel = 'warn'\n", "1.7.24"),
        ("version = 4\n[debug]\nlevel = 'warn'\n", "2.2.1"),
        ("version = 9\n[debug]\nlevel = 'warn'\n", "2.4.2"),
        ("version = 2\nbuilt = 2024-01-01\n", "1.7.24"),
    ],
)
def test_a_file_that_cannot_be_merged_is_refused(bench, text, daemon):
    error = refused(bench(answers=ANSWERS, files={CONFIG: text}), wanting(), daemon)
    assert error.error_code == "KB-RUNTIME-TOML"


def test_a_newer_form_of_an_operators_file_is_kept_where_the_daemon_reads_it(bench):
    text = "version = 4\n[plugins.'io.containerd.cri.v1.runtime'.cni]\nbin_dir = '/usr/lib/cni'\n"
    found = written(bench(answers=ANSWERS, files={CONFIG: text}), wanting(), "2.3.1")
    assert found["version"] == 4
    assert found["plugins"][RUNTIME]["cni"] == {"bin_dirs": ["/opt/cni/bin"], "conf_dir": "/etc/cni/net.d"}


def test_data_are_not_left_behind(bench):
    it = bench(answers={**ANSWERS, "containerd-data": "/srv/flag\n3\n"})
    error = refused(it, wanting(data_root="/data/c"))
    assert error.error_code == "KB-RUNTIME-DATA"
    assert "/srv/flag" in error.what, "a flag of the daemon counts more than its file"


def test_the_folder_of_data_stays_when_the_inventory_names_it_no_longer(bench):
    it = bench(answers=ANSWERS)
    written(it, wanting(data_root="/data/c"))
    assert written(it, wanting())["root"] == "/data/c"


@pytest.mark.parametrize(
    "tree",
    [
        {"a": 1, "b": {"c d": {"e": ["x", True, 1.5], "f": {}}}, "g": 'quote " \\ \n \x7f é'},
        {"t": {"list": [{"a": 1}, {"b": "x"}]}},
    ],
)
def test_what_is_written_is_read_back(tree):
    assert read_toml(toml_text(tree)) == tree
