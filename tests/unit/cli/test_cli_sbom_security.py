"""`version -o json --sbom`: what runs here and what goes to hosts, each with what binds it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from command_line import FINGERPRINT
from test_supply_chain_security import locked

import k8sboot as package
from k8sboot import osfamily, scripts
from k8sboot.kubernetes.calico import MANIFEST_SHA256

DIGEST = "sha256:" + "1" * 64


@pytest.fixture
def bill(k8sboot):
    def of(options: str = "") -> dict:
        said = k8sboot(f"version -o json --sbom {options}")
        assert said.code == 0, said.err
        return json.loads(said.out)

    return of


def by_name(bill: dict, kind: str) -> dict[str, dict]:
    return {each["name"]: each for each in bill["components"] if each["type"] == kind}


def properties(component: dict) -> dict[str, str]:
    return {each["name"].removeprefix("k8sboot:"): each["value"] for each in component["properties"]}


def test_it_is_cyclonedx_and_the_same_each_time(bill):
    found = bill()
    assert (found["bomFormat"], found["specVersion"], found["version"]) == ("CycloneDX", "1.5", 1)
    refs = [each["bom-ref"] for each in found["components"]]
    assert len(refs) == len(set(refs))
    assert set(found["dependencies"][0]["dependsOn"]) <= set(refs)
    assert bill() == found


def test_it_names_every_library_that_is_locked_for_operators(bill):
    libraries = by_name(bill(), "library")
    needed = {name for name, pins in locked("run.txt").items() for pin, _ in pins if not pin.marker}
    assert needed <= libraries.keys()
    assert all(each["purl"] == f"pkg:pypi/{name}@{each['version']}" for name, each in libraries.items())
    assert all(len(properties(each)["record-sha256"]) == 64 for each in libraries.values())


def test_a_changed_file_of_k8sboot_is_another_bill(bill, monkeypatch, tmp_path):
    before = bill()["metadata"]["component"]
    monkeypatch.setattr(scripts, "DIRECTORY", tmp_path / "k8sboot" / "scripts")
    (tmp_path / "k8sboot" / "scripts").mkdir(parents=True)
    (tmp_path / "k8sboot" / "scripts" / "x.sh").write_text("rm -rf /\n")
    assert properties(bill()["metadata"]["component"]) != properties(before)


def test_what_goes_to_hosts_has_its_digest(bill):
    files = by_name(bill(), "file")
    probe = Path(package.__file__).parent / "scripts" / "probe.sh"
    assert files["scripts/probe.sh"]["hashes"][0]["content"] == hashlib.sha256(probe.read_bytes()).hexdigest()
    assert {name.partition("/")[0] for name in files} == {"scripts", "templates", "calico.yaml"}
    manifest = files["calico.yaml"]
    digests = [each["content"] for each in manifest.get("hashes", [])]
    known = MANIFEST_SHA256.get(manifest["version"])
    assert digests == ([known] if known else [])
    assert bool(digests) != (properties(manifest).get("verified-by") == "not pinned")
    keys = [properties(each).get("openpgp-fingerprint") for each in by_name(bill(), "data").values()]
    assert set(keys) == set(osfamily.signing_keys().values())


def test_the_manifest_of_calico_has_the_digest_of_its_version(bill, tmp_path):
    path = tmp_path / "other.yaml"
    hosts = "masters: [{name: m1, address: 192.0.2.1}]\nnodes: [{name: n1, address: 192.0.2.2}]\n"
    path.write_text(f"cluster: {{kubernetesVersion: v1.34.12}}\n{hosts}")
    manifest = by_name(bill(f"-i {path}"), "file")["calico.yaml"]
    assert manifest["hashes"][0]["content"] == MANIFEST_SHA256["v3.32.1"]
    assert "verified-by" not in properties(manifest)


def test_an_inventory_adds_what_it_pins_and_tells_what_it_does_not(bill, inventory, monkeypatch):
    monkeypatch.delenv("CANARY_1")
    runtime = f"runtime: {{imageDigests: {{'own.example.com:5000/tool:1': '{DIGEST}'}}}}\n"
    inventory.write_text(inventory.read_text() + runtime)
    images = by_name(bill("-i inventory.yaml"), "container")
    assert images["own.example.com:5000/tool"]["hashes"] == [{"alg": "SHA-256", "content": DIGEST[7:]}]
    others = [each for name, each in images.items() if name != "own.example.com:5000/tool"]
    assert len(others) == 8
    assert {properties(each)["verified-by"] for each in others} == {"not pinned"}
    data = by_name(bill("-i inventory.yaml"), "data")
    assert properties(data["repository: docker"])["openpgp-fingerprint"] == FINGERPRINT


def test_versions_are_json_too_and_the_bill_is_only_json(k8sboot):
    assert json.loads(k8sboot("version -o json").out).keys() >= {"k8sboot", "python", "paramiko"}
    said = k8sboot("version --sbom")
    assert said.code == 2
    assert "-o json --sbom" in said.err
