"""Security: nothing that no pin covers passes silently, and over plain HTTP it does not pass at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from fake_yum import EL7, index_of
from inventories import CALICO, spec
from keys import FINGERPRINT, KEY, STRANGER, STRANGER_FINGERPRINT

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.desired import calico, fetch, manifests
from k8sboot.ensure import seen_keys
from k8sboot.errors import Refused
from k8sboot.inventory.model import CalicoSettings
from k8sboot.osfamily import Source

PATH = seen_keys.path
BOTH = pytest.mark.parametrize("system", ["apt", "yum"])


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(seen_keys, "path", PATH)
    manifests.manifest.cache_clear()


def a_host(bench, system: str, **web: str):
    it = bench(**({"files": {"/etc/os-release": EL7}} if system == "yum" else {}))
    it.connection.web |= {f"{scheme}://mirror/key": text for scheme, text in web.items()}
    it.connection.web |= index_of("http://mirror/7/x86_64")
    return it


def unpinned(scheme: str) -> Source:
    return Source("http://mirror/7/$basearch", keys=(f"{scheme}://mirror/key",))


@BOTH
@pytest.mark.parametrize("is_dry", [False, True])
def test_a_key_over_plain_http_needs_a_pin_and_the_error_has_the_line(bench, system, is_dry):
    it = a_host(bench, system, http=KEY)
    with pytest.raises(Refused) as found:
        it.do(ensure.repository, "docker", unpinned("http"), is_dry=is_dry)
    assert found.value.error_code == "KB-KEY-UNPINNED"
    assert FINGERPRINT in found.value.why
    assert f'`fingerprint: "{FINGERPRINT}"` for `docker` in os.repositories' in found.value.fix
    assert it.connection.mutations == []
    assert not seen_keys.path().exists()


@BOTH
def test_a_key_over_https_is_told_and_remembered_and_another_one_refused(bench, system):
    it = a_host(bench, system, https=KEY)
    it.do(ensure.repository, "docker", unpinned("https"))
    assert it.said == ["KB-KEY-UNPINNED"]
    assert f'set `fingerprint: "{FINGERPRINT}"`' in next(e.text for e in it.events if getattr(e, "code", ""))
    assert it.do(ensure.repository, "docker", unpinned("https")) == []
    assert it.said == []
    other = a_host(bench, system, https=STRANGER)
    with pytest.raises(Refused) as found:
        other.do(ensure.repository, "docker", unpinned("https"))
    assert found.value.error_code == "KB-REPOSITORY-KEY"
    assert STRANGER_FINGERPRINT in found.value.why
    assert FINGERPRINT in found.value.why


@BOTH
def test_the_key_that_a_host_has_is_the_one_that_was_seen_first(bench, system):
    it = a_host(bench, system, https=KEY)
    it.do(ensure.repository, "docker", unpinned("https"))
    seen_keys.path().unlink()
    assert it.do(ensure.repository, "docker", unpinned("https")) == []
    other = a_host(bench, system, https=STRANGER)
    with pytest.raises(Refused):
        other.do(ensure.repository, "docker", unpinned("https"))


def test_what_is_remembered_is_private_and_has_no_login(bench):
    seen_keys.first_seen("https://user:secret@mirror/key", frozenset({FINGERPRINT}))
    assert seen_keys.path().read_text() == f"https://mirror/key {FINGERPRINT}\n"
    assert seen_keys.path().stat().st_mode & 0o777 == 0o600
    assert seen_keys.first_seen("https://mirror/key", frozenset({"B"})) == {FINGERPRINT}
    seen_keys.path().write_bytes(b"\n\xff \n")
    assert seen_keys.first_seen("https://mirror/key", frozenset({"B"})) == {"B"}


def test_a_memory_that_cannot_be_written_knows_nothing(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert seen_keys.first_seen("https://mirror/key", frozenset({"A"})) == {"A"}


def a_cluster(**settings: str) -> Cluster:
    return Cluster(spec(calico=CalicoSettings(**settings)), ())


@pytest.fixture
def manifest(monkeypatch: pytest.MonkeyPatch) -> str:
    """What any URL gives."""
    text = Path(CALICO).read_text()
    monkeypatch.setattr(fetch, "text", lambda source, sha256="": text)
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_manifest_over_plain_http_needs_a_digest_and_the_error_has_the_line(manifest):
    with pytest.raises(Refused) as found:
        calico.calico_manifest(a_cluster(manifest="http://mirror/calico.yaml"))
    assert found.value.error_code == "KB-MANIFEST-UNPINNED"
    assert f"`sha256: {manifest}`" in found.value.fix


def test_a_manifest_over_https_without_a_digest_is_told(manifest):
    assert calico.unpinned_digest(a_cluster(manifest="https://mirror/calico.yaml")) == manifest
    assert calico.unpinned_digest(a_cluster(manifest="https://mirror/calico.yaml", sha256=manifest)) == ""
    assert calico.unpinned_digest(a_cluster(manifest=str(CALICO))) == ""
    assert calico.calico_manifest(a_cluster(manifest="http://mirror/calico.yaml", sha256=manifest))
    assert calico.unpinned_digest(a_cluster()) == "", "its digest is known"
