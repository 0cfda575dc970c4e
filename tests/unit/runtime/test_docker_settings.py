"""daemon.json on a host that has one: what an operator wrote there stays, k8sboot's part can be taken back."""

from __future__ import annotations

import dataclasses
import json

import pytest
from fake_state import FakeFile, FakeUnit
from inventories import spec

from k8sboot import ensure
from k8sboot.errors import Refused
from k8sboot.inventory.model import Spec
from k8sboot.inventory.runtime_settings import RuntimeSettings
from k8sboot.paths import ORIGINALS_DIR
from k8sboot.runtime.docker import Docker
from k8sboot.runtime.docker_settings import DAEMON_JSON

SYSTEMD = ["native.cgroupdriver=systemd"]
LOGS = {"max-size": "100m", "max-file": "3"}
OPERATOR = {
    "data-root": "/srv/docker",
    "live-restore": True,
    "bip": "10.200.0.1/24",
    "insecure-registries": ["old.lan:5000"],
    "exec-opts": ["native.cgroupdriver=cgroupfs", "isolation=default"],
    "log-opts": {"max-size": "10m", "compress": "true"},
}


def wanting(*said: str, **settings: object) -> Spec:
    return dataclasses.replace(spec(), runtime=RuntimeSettings(**settings), said=frozenset(said))


def written(it, wanted: Spec) -> dict:
    """The file after k8sboot has been there."""
    it.do(lambda host: ensure.files(host, *Docker().files(wanted, host)))
    return json.loads(it.connection.text(DAEMON_JSON))


def refused(it, wanted: Spec) -> Refused:
    with pytest.raises(Refused) as caught:
        written(it, wanted)
    assert it.connection.mutations == []
    return caught.value


def test_what_an_operator_has_set_stays_and_what_kubernetes_needs_is_added(bench):
    it = bench(files={DAEMON_JSON: FakeFile(json.dumps(OPERATOR).encode(), 0o600, "root:adm")})
    assert written(it, wanting(insecure_registries=("new.lan:5000",))) == {
        **OPERATOR,
        "insecure-registries": ["old.lan:5000", "new.lan:5000"],
        "exec-opts": ["isolation=default", *SYSTEMD],
        "log-driver": "json-file",
        "log-opts": {"max-size": "10m", "compress": "true", "max-file": "3"},
    }
    state = it.connection.files[DAEMON_JSON]
    assert (state.mode, state.owner) == (0o600, "root:adm")
    assert (
        it.do(
            lambda host: ensure.files(
                host, *Docker().files(wanting(insecure_registries=("new.lan:5000",)), host)
            )
        )
        == []
    )


def test_a_key_taken_back_in_the_inventory_is_taken_back_in_the_file_and_nothing_else(bench):
    it = bench(files={DAEMON_JSON: json.dumps(OPERATOR)})
    written(
        it, wanting(insecure_registries=("new.lan:5000", "old.lan:5000"), registry_mirrors=("http://m.lan",))
    )
    plain = written(it, wanting())
    assert plain["insecure-registries"] == ["old.lan:5000"]
    assert "registry-mirrors" not in plain
    assert {key: plain[key] for key in ("data-root", "live-restore", "bip")} == {
        key: OPERATOR[key] for key in ("data-root", "live-restore", "bip")
    }


def test_an_edit_made_since_stays_however_often_k8sboot_writes_the_file(bench):
    it = bench()
    now = written(it, wanting())
    it.connection.put(
        DAEMON_JSON, json.dumps({**now, "dns": ["192.0.2.53"], "log-opts": {**LOGS, "max-size": "7m"}})
    )
    for mirror in ("http://a.lan", "http://b.lan"):
        now = written(it, wanting(registry_mirrors=(mirror,)))
        assert now["registry-mirrors"] == [mirror]
        assert now["dns"] == ["192.0.2.53"]
        assert now["log-opts"] == {"max-size": "7m", "max-file": "3"}
    assert "registry-mirrors" not in written(it, wanting())


def test_a_file_that_says_it_all_keeps_its_bytes(bench):
    text = json.dumps(
        {"dns": ["192.0.2.53"], "log-opts": LOGS, "exec-opts": SYSTEMD, "log-driver": "json-file"}
    )
    it = bench(files={DAEMON_JSON: FakeFile(text.encode(), 0o640)})
    written(it, wanting())
    assert it.connection.files[DAEMON_JSON] == FakeFile(text.encode(), 0o640)


def test_a_file_of_an_earlier_k8sboot_stays_as_it_is_although_the_original_had_more(bench):
    it = bench()
    written(it, wanting(registry_mirrors=("http://m.lan",)))
    ours = it.connection.text(DAEMON_JSON)
    original = f"{ORIGINALS_DIR}{DAEMON_JSON}"
    del it.connection.files[f"{original}.k8sboot-absent"]
    it.connection.put(original, json.dumps(OPERATOR))
    written(it, wanting(registry_mirrors=("http://m.lan",)))
    assert it.connection.text(DAEMON_JSON) == ours


def test_a_damaged_file_of_k8sboot_is_repaired_with_what_an_operator_had_added(bench):
    it = bench(files={DAEMON_JSON: json.dumps({"dns": ["192.0.2.53"]})})
    before = written(it, wanting())
    it.connection.put(DAEMON_JSON, '{"dns": [')
    assert written(it, wanting()) == before
    assert before["dns"] == ["192.0.2.53"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{\n  "dns": [\n  "debug": true\n}\n', "line 3, column 10"),
        ("[]", "not an object"),
        ("x", "line 1, column 1"),
    ],
)
def test_a_file_that_is_no_json_is_refused_with_its_place(bench, text, place):
    it = bench(files={DAEMON_JSON: text})
    error = refused(it, wanting())
    assert error.error_code == "KB-RUNTIME-JSON"
    assert place in error.why


@pytest.mark.parametrize(
    ("there", "wanted", "words"),
    [
        ({"log-opts": {"max-size": "10m"}}, wanting("runtime.logMaxSize", log_max_size="50m"),
         ('"log-opts.max-size": "10m"', "runtime.logMaxSize: 50m")),
        ({"log-driver": "journald"}, wanting("runtime.logMaxFile", log_max_file=5),
         ("journald", "runtime.logMaxFile: 5")),
        ({"data-root": "/srv/docker"}, wanting(data_root="/data"), ("/srv/docker", "runtime.dataRoot: /data")),
        ({"graph": "/srv/docker"}, wanting(data_root="/data"), ("graph", "/srv/docker", "runtime.dataRoot: /data")),
        ({"bip": "172.16.5.1/24"}, wanting(), ("172.16.5.1/24", "cluster.podSubnet: 172.16.0.0/16")),
    ],
)  # fmt: skip
def test_a_setting_against_the_inventory_is_refused_with_both(bench, there, wanted, words):
    error = refused(bench(files={DAEMON_JSON: json.dumps(there)}), wanted)
    assert error.error_code == "KB-RUNTIME-CONFLICT"
    for word in words:
        assert word in error.why


@pytest.mark.parametrize("flag", ["--log-driver=journald", "--log-driver\njournald"])
def test_a_key_that_docker_has_as_a_flag_is_refused_before_docker_refuses_it(bench, flag):
    it = bench(
        units={"docker.service": FakeUnit("active", "enabled")},
        answers={"runtime-flags": f"/usr/bin/dockerd\n-H\nfd://\n{flag}\n"},
    )
    error = refused(it, wanting())
    assert error.error_code == "KB-RUNTIME-CONFLICT"
    assert "`--log-driver` on the command line" in error.why
    it.connection.put(DAEMON_JSON, '{"log-driver": "journald"}')
    assert written(it, wanting())["log-driver"] == "journald", "as when the flag was moved there"


def test_what_the_inventory_does_not_say_is_no_contradiction(bench):
    it = bench(files={DAEMON_JSON: json.dumps({"log-driver": "journald", "log-opts": {"tag": "x"}})})
    assert written(it, wanting()) == {
        "log-driver": "journald",
        "log-opts": {"tag": "x"},
        "exec-opts": SYSTEMD,
    }


def test_a_value_that_k8sboot_wrote_and_the_inventory_says_is_repaired(bench):
    wanted = wanting("runtime.logMaxSize", log_max_size="50m")
    it = bench()
    now = written(it, wanted)
    it.connection.put(DAEMON_JSON, json.dumps({**now, "log-opts": {**LOGS, "max-size": "1m"}}))
    assert written(it, wanted)["log-opts"]["max-size"] == "50m"


@pytest.mark.parametrize("text", ["", "\n", "{}"])
def test_an_empty_file_is_filled(bench, text):
    it = bench(files={DAEMON_JSON: text})
    assert written(it, wanting())["exec-opts"] == SYSTEMD


def test_limits_of_logs_that_the_inventory_does_not_set_stay_whatever_the_default(bench):
    it = bench()
    written(it, wanting("runtime.logMaxSize", log_max_size="50m"))
    before = it.connection.text(DAEMON_JSON)
    for other_default in ("77m", "100m"):
        written(it, wanting(log_max_size=other_default, log_max_file=9))
        assert it.connection.text(DAEMON_JSON) == before
    assert written(it, wanting(registry_mirrors=("http://m.lan",)))["log-opts"] == {
        "max-size": "50m",
        "max-file": "3",
    }
    assert written(it, wanting("runtime.logMaxSize", log_max_size="60m"))["log-opts"]["max-size"] == "60m"


def test_a_data_root_is_written_where_nothing_is_left_behind_and_stays(bench):
    it = bench(answers={"runtime-data": "/var/lib/docker\n0"})
    assert written(it, wanting(data_root="/data/docker"))["data-root"] == "/data/docker"
    it.connection.answers.clear()
    assert written(it, wanting(data_root="/data/docker"))["data-root"] == "/data/docker"
    assert written(it, wanting())["data-root"] == "/data/docker", "taken back, it would leave the data behind"


def test_a_data_root_that_leaves_containers_behind_is_refused(bench):
    it = bench(answers={"runtime-data": "/var/lib/docker\n3"})
    error = refused(it, wanting(data_root="/data/docker"))
    assert error.error_code == "KB-RUNTIME-DATA"
    assert "/var/lib/docker" in error.what
    assert "/data/docker" in error.what


@pytest.mark.parametrize(("answer", "names"), [("db web\n", ("db", "web")), ("", ()), ((124, "", ""), None)])
def test_bystanders_are_read_and_a_docker_that_hangs_leaves_them_unknown(bench, answer, names):
    it = bench(answers={"runtime-bystanders": answer})
    seen = []
    it.do(lambda host: seen.append(Docker().bystanders(host)))
    assert seen == [names]
