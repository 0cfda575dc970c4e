from __future__ import annotations

import pytest
from fake_yum import EL7, index_of
from keys import FINGERPRINT, KEY, STRANGER, STRANGER_FINGERPRINT

from k8sboot import ensure
from k8sboot.errors import Refused
from k8sboot.osfamily import Source

HTML = "<!DOCTYPE html>\n<html><title>404</title></html>\n"
KEY_URL = "http://mirror/key"
APT_KEY = "/etc/apt/keyrings/k8sboot-docker.asc"
YUM_KEY = "/etc/pki/rpm-gpg/k8sboot-docker"
APT = {"web": {KEY_URL: KEY}}
YUM = {"files": {"/etc/os-release": EL7}, "web": {KEY_URL: KEY, **index_of("http://mirror/7/x86_64")}}
SOURCE = Source("http://mirror/7/$basearch", keys=(KEY_URL,), fingerprints=frozenset({FINGERPRINT}))
BOTH = pytest.mark.parametrize(("system", "key_path"), [(APT, APT_KEY), (YUM, YUM_KEY)], ids=["apt", "yum"])


def refused(it, source=SOURCE):
    with pytest.raises(Refused) as found:
        it.do(ensure.repository, "docker", source)
    assert it.connection.mutations == [], "nothing is written before everything was looked at"
    return found.value


@BOTH
def test_a_repository_is_written_with_its_key_once(bench, system, key_path):
    it = bench(**system)
    assert len(it.do(ensure.repository, "docker", SOURCE)) == 2
    assert it.connection.text(key_path) == KEY
    assert it.connection.files[key_path].mode == 0o644
    assert it.do(ensure.repository, "docker", SOURCE) == []
    assert not any(KEY_URL in line for line in it.connection.commands), (
        "a key that lies there is not fetched again"
    )


@BOTH
def test_another_repository_of_the_name_gets_its_own_key(bench, system, key_path):
    elsewhere = Source("http://other/7/$basearch", keys=("http://other/key",))
    it = bench(**system)
    it.connection.web |= {"http://other/key": STRANGER, **index_of("http://other/7/x86_64")}
    it.do(ensure.repository, "docker", SOURCE)
    assert len(it.do(ensure.repository, "docker", elsewhere)) == 2
    assert it.connection.text(key_path) == STRANGER


def test_apt_is_told_of_the_suite_and_trusts_just_that_key(bench):
    it = bench(**APT)
    it.do(
        ensure.repository,
        "docker",
        Source("http://mirror/apt", (KEY_URL,), suite="stable", components=("main",)),
    )
    listed = it.connection.text("/etc/apt/sources.list.d/k8sboot-docker.list")
    assert f"deb [signed-by={APT_KEY}] http://mirror/apt stable main\n" in listed


def test_yum_checks_packages_and_not_the_index_that_el7_cannot_check(bench):
    it = bench(**YUM)
    it.do(ensure.repository, "docker", SOURCE)
    listed = it.connection.text("/etc/yum.repos.d/k8sboot-docker.repo").splitlines()
    assert {"[k8sboot-docker]", "baseurl=http://mirror/7/$basearch", "gpgcheck=1", "repo_gpgcheck=0"} <= set(
        listed
    )
    assert f"gpgkey=file://{YUM_KEY}" in listed


def test_a_key_from_a_file_of_this_machine_goes_along(bench, tmp_path):
    path = tmp_path / "key"
    path.write_text(KEY)
    it = bench()
    it.do(ensure.repository, "docker", Source("http://mirror/apt", keys=(str(path),)))
    assert it.connection.text(APT_KEY) == KEY


@BOTH
def test_another_key_than_the_pinned_one_is_refused_with_both_fingerprints(bench, system, key_path):
    it = bench(**{**system, "web": {**system["web"], KEY_URL: STRANGER}})
    error = refused(it)
    assert error.error_code == "KB-REPOSITORY-KEY"
    assert KEY_URL in error.what
    assert FINGERPRINT in error.why
    assert STRANGER_FINGERPRINT in error.why


@BOTH
def test_a_strange_key_beside_the_pinned_one_is_refused(bench, system, key_path):
    it = bench(**{**system, "web": {**system["web"], KEY_URL: KEY + STRANGER}})
    assert STRANGER_FINGERPRINT in refused(it).why


@BOTH
def test_a_key_that_is_not_the_pinned_one_any_more_is_fetched_anew(bench, system, key_path):
    it = bench(**{**system, "files": {**system.get("files", {}), key_path: STRANGER}})
    it.do(ensure.repository, "docker", SOURCE)
    assert it.connection.text(key_path) == KEY


@BOTH
def test_a_web_page_in_a_keys_place_is_refused_with_its_url(bench, system, key_path):
    it = bench(**{**system, "web": {**system["web"], KEY_URL: HTML}})
    error = refused(it)
    assert KEY_URL in error.what
    assert "web page" in error.why


@BOTH
def test_a_key_that_is_not_there_is_refused_with_its_url(bench, system, key_path):
    it = bench(**{**system, "web": {url: page for url, page in system["web"].items() if url != KEY_URL}})
    error = refused(it)
    assert KEY_URL in error.what
    assert "404" in error.why


@pytest.mark.parametrize(("page", "words"), [(HTML, "web page"), (None, "404"), ("", "empty")])
def test_a_yum_repository_without_an_index_is_refused_with_its_url(bench, page, words):
    url = "http://mirror/7/x86_64/repodata/repomd.xml"
    it = bench(**{**YUM, "web": {KEY_URL: KEY} if page is None else {KEY_URL: KEY, url: page}})
    error = refused(it)
    assert url in error.what
    assert words in error.why


def test_what_is_fetched_goes_through_yums_proxy(bench):
    it = bench(**{**YUM, "files": {**YUM["files"], "/etc/yum.conf": "[main]\nproxy=http://proxy:3128\n"}})
    it.do(ensure.repository, "docker", SOURCE)
    fetches = [line for line in it.connection.commands if line.startswith("curl")]
    assert len(fetches) == 2
    assert all("--proxy http://proxy:3128" in line for line in fetches)
