"""hosts.toml that was on a host before k8sboot: kept, merged, refused where it contradicts the inventory."""

from __future__ import annotations

from dataclasses import replace

import pytest
from inventories import spec

from k8sboot.errors import Refused
from k8sboot.host.files import part_path
from k8sboot.inventory.model import Spec
from k8sboot.inventory.runtime_settings import Registry, RuntimeSettings
from k8sboot.runtime.containerd import Containerd
from k8sboot.runtime.containerd_hosts_files import hosts_files
from k8sboot.runtime.containerd_registries import CERTS, registry_files
from k8sboot.secret import Secret
from k8sboot.text.toml_text import read_toml

PATH = f"{CERTS}/docker.io/hosts.toml"
CA = f"{CERTS}/docker.io/ca.crt"
OWN = 'server = "https://docker.io"\n[host."https://old.lan"]\n  capabilities = ["pull"]\n'
PEM = "-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n"
MIRROR = Registry(mirrors=("https://new.lan",))


def wanting(**registries: Registry) -> Spec:
    found = {name.replace("_", "."): each for name, each in registries.items()}
    return replace(spec(), runtime=RuntimeSettings(name="containerd", registries=found))


@pytest.fixture
def host(bench):
    return bench(files={PATH: OWN}, answers={"containerd-registries": ""})


def files(host, wanted: Spec):
    found: list = []
    host.do(lambda it: found.extend(hosts_files(wanted, it)))
    return found


def write(host, wanted: Spec) -> list[str]:
    return host.do(
        lambda it: it.write([f for f in hosts_files(wanted, it) if not f.is_met_by(it.file(f.path))])
    )


def kept(host, wanted: Spec) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    host.connection.answers["containerd-config-is-the-packages"] = ""
    host.do(lambda it: found.extend(Containerd().kept(wanted, it)))
    return found


def test_what_was_there_stays_below_the_inventorys_mirrors_and_is_told(host):
    host.connection.files[PATH].mode = 0o640
    wanted = wanting(docker_io=MIRROR)
    assert write(host, wanted) == [f"write {PATH}"]
    found = read_toml(host.connection.text(PATH))
    assert found["server"] == "https://docker.io"
    assert list(found["host"]) == ["https://new.lan", "https://old.lan"]
    assert host.connection.files[PATH].mode == 0o640
    assert write(host, wanted) == []
    ((code, text),) = kept(host, wanted)
    assert (code, PATH in text) == ("KB-REGISTRY-KEPT", True)


def test_a_file_that_has_all_of_it_keeps_its_bytes(host):
    host.connection.put(PATH, "# mine\n" + OWN.replace("old", "new").replace('"pull"', '"pull", "resolve"'))
    assert write(host, wanting(docker_io=MIRROR)) == []


def test_what_the_inventory_takes_back_goes_and_the_owners_stays(host):
    write(host, wanting(docker_io=MIRROR))
    host.connection.answers["containerd-registries"] = f"shared {PATH}\n"
    write(host, wanting())
    assert read_toml(host.connection.text(PATH)) == read_toml(OWN)
    assert write(host, wanting()) == []


def test_the_part_that_k8sboot_added_is_recorded(host):
    write(host, wanting(docker_io=MIRROR))
    assert read_toml(host.connection.text(part_path(PATH))) == {
        "host": {"https://new.lan": {"capabilities": ["pull", "resolve"]}}
    }


@pytest.mark.parametrize(
    ("text", "registry", "why"),
    [
        (
            '[host."https://new.lan"]\nskip_verify = false\n',
            replace(MIRROR, skip_verify=True),
            "skip_verify = False",
        ),
        ("server = \n", MIRROR, "not valid TOML"),
        (OWN, replace(MIRROR, user="me", password=Secret("pass")), "password"),
        (
            '[host."https://new.lan".header]\nAuthorization = "Basic bm90LXNob3du"\n',
            replace(MIRROR, user="me", password=Secret("pass")),
            "header.Authorization",
        ),
    ],
)
def test_a_contradiction_is_refused_and_no_login_is_shown(host, text, registry, why):
    host.connection.put(PATH, text)
    with pytest.raises(Refused) as refused:
        files(host, wanting(docker_io=registry))
    assert refused.value.error_code == "KB-RUNTIME-CONFLICT"
    assert why in refused.value.why
    assert PATH in refused.value.what
    assert "bm90" not in str(refused.value.as_record())


def test_another_certificate_is_refused(host):
    host.connection.put(CA, PEM.replace("YQ", "Yg"))
    with pytest.raises(Refused, match="ca.crt"):
        files(host, wanting(docker_io=replace(MIRROR, ca=PEM)))
    host.connection.put(CA, PEM)
    assert [file.path for file in files(host, wanting(docker_io=replace(MIRROR, ca=PEM)))] == [CA, PATH]


@pytest.mark.parametrize("edit", [lambda text: text, lambda text: text + "# edited\n"])
def test_k8sboots_own_file_is_as_the_inventory_has_it(host, edit):
    wanted = wanting(docker_io=MIRROR)
    del host.connection.files[PATH]
    write(host, wanted)
    host.connection.put(PATH, edit(host.connection.text(PATH)))
    assert files(host, wanted) == list(registry_files(wanted))
    assert kept(host, wanted) == []
