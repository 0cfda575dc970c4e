"""An inventory that somebody else has written: its texts reach no shell, and its commands are known before they run."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8sboot.errors import InventoryError
from k8sboot.inventory import endpoint_forms, forms
from k8sboot.inventory.effects import Rules
from k8sboot.inventory.load import load

VERSION = "cluster: {kubernetesVersion: v1.23.17}\n"
HOSTS = f"masters: [{{name: m1, address: 192.0.2.1}}]\n{VERSION}"


@pytest.mark.parametrize(
    "zone",
    ["$(touch x)", "`id`", "eth0;id", "eth0|id", "a b", "'", '"', "eth0\n", "", "-oProxyCommand", "a" * 16],
)
def test_a_zone_is_the_name_of_an_interface_and_nothing_else(zone):
    for form in (forms.address, endpoint_forms.endpoint, forms.alternative_name, forms.ip_address):
        with pytest.raises(forms.FormError):
            form(f"fe80::1%{zone}")


def test_a_zone_is_for_logging_in_alone():
    assert forms.address("fe80::1%eth0.100") == "fe80::1%eth0.100"
    for form in (endpoint_forms.endpoint, forms.alternative_name, forms.ip_address):
        with pytest.raises(forms.FormError):
            form("fe80::1%eth0")


@pytest.mark.parametrize(
    "endpoint",
    [
        "192.0.2.1:6443;id",
        "$(id):6443",
        "[::1]x:6443",
        "[::1]]:6443",
        "a.example.com:00644399",
        "a.example.com:0443",
        "a.example.com:٦٤٤٣",
        "[a.example.com]:6443",
        "a.example.com:",
        "[::1]:",
        "K8s.example.com:6443".replace("K", "\u212a"),
    ],
)
def test_an_endpoint_has_a_strict_form(endpoint):
    with pytest.raises(forms.FormError):
        endpoint_forms.endpoint(endpoint)


@pytest.mark.parametrize("form", [forms.version_prefix, forms.kernel_version, forms.registry, forms.jump])
def test_digits_are_those_of_ascii(form):
    with pytest.raises(forms.FormError):
        form("h:٢٢" if form in (forms.registry, forms.jump) else "٥.٤")


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "inventory.yaml"
    path.write_text(text)
    return str(path)


def test_commands_of_an_inventory_can_be_refused_before_any_runs(tmp_path):
    mark = tmp_path / "ran"
    path = written(
        tmp_path,
        f"ssh: {{user: ops, configFile: theirs, sudoPassword: {{command: [touch, '{mark}']}}}}\n"
        "masters: [{name: m1, address: 192.0.2.1, ssh: {configFile: none}},"
        " {name: m2, address: 192.0.2.2}, {name: m3, address: 192.0.2.3, ssh: {password: {command: [id]}}}]\n"
        + VERSION,
    )
    with pytest.raises(InventoryError) as refused:
        load(path, rules=Rules(allow_commands=False))
    found = [(p.code, p.line) for p in refused.value.problems if not p.is_warning]
    assert found == [("KB-NO-COMMANDS", 1), ("KB-NO-COMMANDS", 1), ("KB-NO-COMMANDS", 2)]
    assert not mark.exists()


def test_an_inventory_without_commands_loads_without_them(tmp_path):
    path = written(tmp_path, "ssh: {password: {env: HOME}, configFile: none}\n" + HOSTS)
    assert load(path, rules=Rules(allow_commands=False)).spec.masters[0].ssh.password


def test_what_an_inventory_does_here_is_known_without_doing_it(tmp_path):
    (tmp_path / "pw").write_text("x")
    (tmp_path / "pw").chmod(0o600)
    path = written(
        tmp_path,
        "ssh: {user: '${THEIRS}', configFile: theirs, knownHostsFile: known_hosts,"
        " sudoPassword: {command: [pass, 'a b']}}\n"
        "masters: [{name: m1, address: 192.0.2.1, ssh: {password: {file: pw}}},"
        " {name: m2, address: 192.0.2.2, ssh: {password: {env: PW}}},"
        " {name: m3, address: '${X:-192.0.2.3}'}]\n" + VERSION,
    )
    loaded = load(path, environ={"PW": "x", "THEIRS": "ops"}, resolve_secrets=False)
    assert [(each.does, each.what, each.key) for each in loaded.effects] == [
        ("runs", "pass 'a b'", "ssh.sudoPassword"),
        ("runs", f"ssh -G -F {tmp_path}/theirs", "ssh.configFile"),
        ("reads", f"{tmp_path}/pw", "masters[0].ssh.password"),
        ("reads", "$PW", "masters[1].ssh.password"),
        ("reads", "$THEIRS", ""),
        ("reads", "$X", ""),
        ("writes", f"{tmp_path}/known_hosts", "ssh.knownHostsFile"),
    ]


@pytest.mark.parametrize(
    ("common", "single", "does"),
    [
        ("", "", "writes"),
        ("accept-new", "strict", "reads"),
        ("strict", "", "reads"),
        ("insecure", "", "reads"),
        ("strict", "accept-new", "writes"),
    ],
)
def test_known_hosts_is_written_to_only_where_new_keys_are_accepted(tmp_path, common, single, does):
    all_hosts = f", hostKeyPolicy: {common}" if common else ""
    its_own = f", ssh: {{hostKeyPolicy: {single}}}" if single else ""
    path = written(
        tmp_path,
        f"ssh: {{knownHostsFile: known_hosts{all_hosts}}}\n"
        f"masters: [{{name: m1, address: 192.0.2.1{its_own}}},"
        " {name: m2, address: 192.0.2.2, ssh: {knownHostsFile: known_hosts2, hostKeyPolicy: accept-new}}]\n"
        + VERSION,
    )
    found = [each for each in load(path).effects if "known_hosts" in each.what]
    assert {each.key: each.does for each in found} == {
        "ssh.knownHostsFile": does,
        "masters[1].ssh.knownHostsFile": "writes",
    }


def test_a_file_that_is_not_for_host_keys_is_told_with_its_place(tmp_path):
    path = written(tmp_path, "ssh: {knownHostsFile: keys}\n" + HOSTS)
    with pytest.raises(InventoryError) as refused:
        load(path, rules=Rules(is_no_known_hosts=lambda file: f"it is {file.name}"))
    (found,) = (each for each in refused.value.problems if not each.is_warning)
    assert (found.code, found.line, found.column) == ("KB-KNOWN-HOSTS", 1, 23)
    assert found.message.endswith("it is keys")


@pytest.mark.parametrize(("jump", "count"), [("none", 1), ("j1", 2), ("j1,j2", 1)])
def test_a_jump_host_without_a_key_beside_one_with_is_told(tmp_path, jump, count):
    keys = ", ".join(["SHA256:" + "A" * 43] * count)
    path = written(tmp_path, f"ssh: {{jump: '{jump}', jumpHostKeys: [{keys}]}}\n" + HOSTS)
    with pytest.raises(InventoryError) as refused:
        load(path)
    assert [p.code for p in refused.value.problems if not p.is_warning] == ["KB-JUMP-KEYS"]
