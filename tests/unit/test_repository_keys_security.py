"""Security: a package manager gets the pinned certificates and nothing else, whatever a mirror sends or a host has."""

from __future__ import annotations

import pytest
from fake_yum import EL7, index_of
from key_attacks import CLEANED, FOREIGN_TOLD, PINNED, REFUSED
from keys import FINGERPRINT, KEY, STRANGER, STRANGER_FINGERPRINT

from k8sboot import ensure
from k8sboot.errors import Refused
from k8sboot.osfamily import Source

KEY_URL = "http://mirror/key"
APT_KEY, OLD_APT_KEY = "/etc/apt/keyrings/k8sboot-docker.gpg", "/etc/apt/keyrings/k8sboot-docker.asc"
YUM_KEY = "/etc/pki/rpm-gpg/k8sboot-docker"
SOURCE = Source("http://mirror/7/$basearch", keys=(KEY_URL,), fingerprints=frozenset({FINGERPRINT}))
OUR_LIST = "/etc/apt/sources.list.d/k8sboot-docker.list"
BOTH = pytest.mark.parametrize("system", ["apt", "yum"])
OURS = {APT_KEY: PINNED, YUM_KEY: KEY.encode(), OLD_APT_KEY: KEY.encode()}
ATTACKS = [
    REFUSED["a first line with more in it"],
    REFUSED["data between blocks"],
    REFUSED["a NUL between"],
    REFUSED["a subkey that its own key has signed"],
    FOREIGN_TOLD["binary, the other way round"],
    FOREIGN_TOLD["two blocks"],
]
"""The reading itself is tried with all of them."""


def a_host(bench, system: str, sent: bytes = KEY.encode()):
    it = bench(**({"files": {"/etc/os-release": EL7}} if system == "yum" else {}))
    it.connection.web |= {KEY_URL: as_text(sent), **index_of("http://mirror/7/x86_64")}
    return it


def as_text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def written(it) -> dict[str, bytes]:
    return {path: it.connection.files[path].content for path in OURS if path in it.connection.files}


@BOTH
def test_a_mirrors_key_with_anything_else_in_it_is_refused(bench, system):
    it = a_host(bench, system)
    for sent in ATTACKS:
        it.connection.web[KEY_URL] = as_text(sent)
        with pytest.raises(Refused) as found:
            it.do(ensure.repository, "docker", SOURCE)
        assert found.value.error_code == "KB-REPOSITORY-KEY"
        assert it.connection.mutations == []


@BOTH
@pytest.mark.parametrize("sent", [CLEANED["a key in a field that is not signed"]])
def test_of_a_mirrors_key_only_what_it_has_signed_is_written(bench, system, sent):
    it = a_host(bench, system, sent)
    it.do(ensure.repository, "docker", SOURCE)
    path = APT_KEY if system == "apt" else YUM_KEY
    assert written(it) == {path: OURS[path]}


def earlier(bench, system: str, lies: bytes):
    """A host as an earlier k8sboot has left it, with this key."""
    it = a_host(bench, system)
    it.do(ensure.repository, "docker", SOURCE)
    if system == "apt":
        del it.connection.files[APT_KEY]
        it.connection.put(OUR_LIST, it.connection.text(OUR_LIST).replace(APT_KEY, OLD_APT_KEY))
    it.connection.put(OLD_APT_KEY if system == "apt" else YUM_KEY, as_text(lies))
    return it


FORMS = [
    KEY,
    KEY.replace("BLOCK-----\n", "BLOCK-----\nVersion: GnuPG v2\n", 1),
    KEY.replace("=zDe4\n", ""),
]


@BOTH
@pytest.mark.parametrize("lies", FORMS, ids=["as gpg exports it", "with headers", "without a checksum"])
def test_a_good_key_of_an_earlier_k8sboot_stays_as_it_is(bench, system, lies):
    it = earlier(bench, system, lies.encode())
    assert it.do(ensure.repository, "docker", SOURCE) == []
    assert it.said == []
    assert not any(KEY_URL in line for line in it.connection.commands)


@pytest.mark.parametrize("lies", FORMS, ids=["as gpg exports it", "with headers", "without a checksum"])
def test_so_does_one_from_a_file_of_this_machine(bench, tmp_path, lies):
    (tmp_path / "key").write_text(KEY)
    source = Source("http://mirror/7/$basearch", keys=(str(tmp_path / "key"),))
    it = earlier(bench, "yum", lies.encode())
    assert it.do(ensure.repository, "docker", source) == []
    it.connection.files[YUM_KEY].mode = 0o666
    assert it.do(ensure.repository, "docker", source) == [f"write {YUM_KEY}"]


@BOTH
def test_a_key_on_a_host_with_anything_else_in_it_is_replaced_and_told(bench, system):
    it = earlier(bench, system, KEY.encode())
    path = OLD_APT_KEY if system == "apt" else YUM_KEY
    for lies in ATTACKS:
        it.connection.put(path, as_text(lies))
        assert it.do(ensure.repository, "docker", SOURCE) == [f"write {path}"]
        assert it.said == ["KB-REPOSITORY-KEY-REPLACED"]
        assert written(it) == {path: KEY.encode()}
    assert it.do(ensure.repository, "docker", SOURCE) == []


def test_what_is_told_names_the_key_that_was_there(bench):
    it = earlier(bench, "apt", (KEY + STRANGER).encode())
    it.do(ensure.repository, "docker", SOURCE, is_dry=True)
    (said,) = [event.text for event in it.events if getattr(event, "code", "")]
    assert said.startswith(f"{OLD_APT_KEY} holds the key {STRANGER_FINGERPRINT}; expected {FINGERPRINT}")
