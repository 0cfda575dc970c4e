from __future__ import annotations

import pytest
from fake_state import FakeFile
from fake_yum import EL7, index_of
from keys import FINGERPRINT, KEY, STRANGER, STRANGER_FINGERPRINT, unarmored

from k8sboot import ensure, osfamily
from k8sboot.errors import CommandFailed, Refused
from k8sboot.events import Changed
from k8sboot.osfamily import Source, openpgp, yum

HTML = "<!DOCTYPE html>\n<html><title>404</title></html>\n"
KEY_URL = "http://mirror/key"
APT_KEY = "/etc/apt/keyrings/k8sboot-docker.gpg"
OLD_APT_KEY = "/etc/apt/keyrings/k8sboot-docker.asc"
YUM_KEY = "/etc/pki/rpm-gpg/k8sboot-docker"
APT = {"web": {KEY_URL: KEY}}
YUM = {"files": {"/etc/os-release": EL7}, "web": {KEY_URL: KEY, **index_of("http://mirror/7/x86_64")}}
PINNED = frozenset({FINGERPRINT})
SOURCE = Source("http://mirror/7/$basearch", keys=(KEY_URL,), fingerprints=PINNED)
BOTH = pytest.mark.parametrize(("system", "key_path"), [(APT, APT_KEY), (YUM, YUM_KEY)], ids=["apt", "yum"])


def keys_in(it, path):
    return [c.fingerprint for c in openpgp.certificates(it.connection.files[path].content)]


def refused(it, source=SOURCE):
    with pytest.raises(Refused) as found:
        it.do(ensure.repository, "docker", source)
    assert it.connection.mutations == [], "nothing is written before everything was looked at"
    return found.value


@BOTH
def test_a_repository_is_written_with_its_key_once(bench, system, key_path):
    it = bench(**system)
    assert len(it.do(ensure.repository, "docker", SOURCE)) == 2
    assert it.connection.files[key_path].content == (KEY.encode() if key_path == YUM_KEY else unarmored(KEY))
    assert it.connection.files[key_path].mode == 0o644
    assert f"{key_path}: none -> key {FINGERPRINT}\n" in [
        event.diff for event in it.events if isinstance(event, Changed)
    ]
    assert it.do(ensure.repository, "docker", SOURCE) == []
    assert not any(KEY_URL in line for line in it.connection.commands), (
        "a key that lies there is not fetched again"
    )


@BOTH
def test_another_repository_of_the_name_gets_its_own_key(bench, system, key_path):
    elsewhere = Source("http://other/7/$basearch", ("http://other/key",), frozenset({STRANGER_FINGERPRINT}))
    it = bench(**system)
    it.connection.web |= {"http://other/key": STRANGER, **index_of("http://other/7/x86_64")}
    it.do(ensure.repository, "docker", SOURCE)
    assert len(it.do(ensure.repository, "docker", elsewhere)) == 2
    assert keys_in(it, key_path) == [STRANGER_FINGERPRINT]


def test_apt_is_told_of_the_suite_and_trusts_just_that_key(bench):
    it = bench(**APT)
    it.do(
        ensure.repository,
        "docker",
        Source("http://mirror/apt", (KEY_URL,), PINNED, suite="stable", components=("main",)),
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
    assert keys_in(it, APT_KEY) == [FINGERPRINT]


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
    assert keys_in(it, key_path) == [FINGERPRINT]


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


THEIRS = "deb [arch=amd64 signed-by=/usr/share/keyrings/docker.gpg] {url} {suite} {components}\n"
DOCKER_LIST = "/etc/apt/sources.list.d/docker.list"
LATE_LIST = "/etc/apt/sources.list.d/local.list"
OUR_LIST = "/etc/apt/sources.list.d/k8sboot-docker.list"
DEB822 = "Types: deb\nURIs: {url}\nSuites: {suite}\nComponents: {components}\nSigned-By: /etc/apt/keyrings/docker.asc\n"
PLAIN = Source("http://mirror/apt", (KEY_URL,), PINNED, suite="bookworm", components=("stable",))


def beside(bench, path, text, **fields):
    words = {"url": "http://mirror/apt", "suite": "bookworm", "components": "stable", **fields}
    return bench(**{**APT, "files": {path: text.format(**words)}})


@pytest.mark.parametrize("is_dry", [False, True], ids=["up", "plan"])
@pytest.mark.parametrize(
    ("path", "text", "url"),
    [
        (DOCKER_LIST, THEIRS, "http://mirror/apt"),
        (DOCKER_LIST, THEIRS, "https://mirror/apt/"),
        (LATE_LIST, "deb [arch=amd64] {url} {suite} {components}\n", "http://mirror/apt"),
        ("/etc/apt/sources.list.d/docker.sources", DEB822, "http://mirror/apt/"),
    ],
    ids=["a list", "https and a slash", "without a key", "deb822"],
)
def test_an_entry_that_exists_with_another_key_is_used_and_ours_not_written(bench, path, text, url, is_dry):
    it = beside(bench, path, text, url=url)
    assert it.do(ensure.repository, "docker", PLAIN, is_dry=is_dry) == []
    assert it.said == ["KB-REPOSITORY-EXISTS"]
    assert path in it.events[0].text


def test_ours_that_lies_beside_another_entry_is_removed(bench):
    it = beside(bench, DOCKER_LIST, THEIRS)
    it.connection.put(
        OUR_LIST, "deb [signed-by=/etc/apt/keyrings/k8sboot-docker.asc] http://mirror/apt bookworm stable\n"
    )
    assert it.do(ensure.repository, "docker", PLAIN) == [f"remove {OUR_LIST}"]
    assert it.do(ensure.repository, "docker", PLAIN) == []


@pytest.mark.parametrize(
    "fields",
    [{"suite": "bullseye"}, {"url": "http://mirror/apt2"}, {"url": "http://other/apt"}],
    ids=lambda fields: next(iter(fields)),
)
def test_an_entry_for_another_repository_is_none_of_ours(bench, fields):
    it = beside(bench, DOCKER_LIST, THEIRS, **fields)
    assert len(it.do(ensure.repository, "docker", PLAIN)) == 2
    assert it.said == []


def test_an_entry_that_is_switched_off_or_commented_out_counts_for_nothing(bench):
    it = beside(bench, "/etc/apt/sources.list.d/docker.sources", f"Enabled: no\n{DEB822}")
    assert len(it.do(ensure.repository, "docker", PLAIN)) == 2
    it = beside(bench, DOCKER_LIST, f"# {THEIRS}")
    assert len(it.do(ensure.repository, "docker", PLAIN)) == 2


def test_an_entry_without_our_packages_lends_its_key(bench):
    it = beside(bench, DOCKER_LIST, THEIRS, components="test")
    assert it.do(ensure.repository, "docker", PLAIN) == [f"write {OUR_LIST}"]
    assert (
        "[signed-by=/usr/share/keyrings/docker.gpg] http://mirror/apt bookworm stable"
        in it.connection.text(OUR_LIST)
    )
    assert it.do(ensure.repository, "docker", PLAIN) == []


def test_an_entry_without_our_packages_and_without_a_key_is_refused(bench):
    it = beside(bench, LATE_LIST, "deb-src {url} {suite} {components}\n")
    error = refused(it, PLAIN)
    assert error.error_code == "KB-REPOSITORY-CONFLICT"
    assert LATE_LIST in error.what


def test_an_entry_without_a_key_that_apt_reads_before_ours_is_left_beside_it(bench):
    it = beside(bench, DOCKER_LIST, "deb {url} {suite} {components}\n")
    assert it.do(ensure.repository, "docker", PLAIN)[-1] == f"write {OUR_LIST}"
    assert it.do(ensure.repository, "docker", PLAIN) == []
    assert it.said == []


def test_the_same_id_in_another_file_of_yums_is_refused(bench):
    it = bench(**YUM)
    it.connection.put("/etc/yum.repos.d/copy.repo", "[k8sboot-docker]\nbaseurl=http://mirror/\n")
    error = refused(it)
    assert error.error_code == "KB-REPOSITORY-CONFLICT"
    assert "/etc/yum.repos.d/copy.repo" in error.what


APT_FAILS = (
    "Err:1 http://dead.example/debian bookworm InRelease\n  Could not resolve 'dead.example'\n"
    "E: Failed to fetch {url}/dists/bookworm/InRelease  Could not resolve 'dead.example'\n"
    "E: Some index files failed to download. They have been ignored, or old ones used instead.\n"
)


def test_a_dead_repository_of_others_is_a_notice_with_its_file(bench):
    it = bench(**{**APT, "files": {DOCKER_LIST: "deb http://dead.example/debian bookworm main\n"}})
    it.connection.answers["apt-get"] = (100, "", APT_FAILS.format(url="http://dead.example/debian"))
    it.connection.answers["apt-get -o DPkg::Lock::Timeout=600"] = it.connection.answers["apt-get"]
    made = it.do(ensure.repositories, {"docker": PLAIN})
    assert made[-1] == "continue with the package lists that could be read"
    assert it.said == ["KB-REPOSITORY-SKIPPED"]
    text = next(event.text for event in it.events if getattr(event, "code", ""))
    assert f"{DOCKER_LIST}: cannot read http://dead.example/debian bookworm" in text
    assert "Could not resolve" in text
    assert OUR_LIST in it.connection.files


@pytest.mark.parametrize("before", [None, "deb http://old/apt bookworm stable\n"], ids=["none", "another"])
def test_our_own_list_is_taken_back_if_apt_cannot_read_it(bench, before):
    it = bench(**{**APT, "files": {OUR_LIST: before} if before else {}})
    it.connection.answers["apt-get"] = (100, "", APT_FAILS.format(url="http://mirror/apt"))
    with pytest.raises(CommandFailed):
        it.do(ensure.repositories, {"docker": PLAIN})
    assert it.connection.files.get(OUR_LIST) == (FakeFile(before.encode()) if before else None)


YUM_FAILS = "failure: repodata/repomd.xml from dead: [Errno 256] No more mirrors to try.\n{more}\n"


def test_a_dead_repository_of_yums_is_left_out_and_told(bench):
    it = bench(**YUM)
    it.connection.put("/etc/yum.repos.d/dead.repo", "[dead]\nname=x\nbaseurl=http://dead.example/\n")
    it.connection.answers.update({"yum-lock-holder": "", "yum-health": ""})

    def makecache(host, words):
        return (
            host._do_yum(words[1:]) or ""
            if "--disablerepo=dead" in words
            else (1, "", YUM_FAILS.format(more=""))
        )

    it.connection.answers["yum -q -y"] = makecache
    assert it.do(ensure.repositories, {"docker": SOURCE})[-1] == "read the package lists"
    assert it.said == ["KB-REPOSITORY-SKIPPED"]
    assert "/etc/yum.repos.d/dead.repo: cannot read the repository dead" in next(
        event.text for event in it.events if getattr(event, "code", "")
    )
    assert yum.without_unread(it.host()) == ["--disablerepo=dead"]
    it.connection.answers["yum -q -y"] = lambda host, words: host._do_yum(words[1:]) or ""
    it.do(osfamily.FAMILIES[1].refresh)
    assert yum.without_unread(it.host()) == [], "it may be there again"


def test_our_own_yum_file_is_taken_back_if_yum_cannot_read_it(bench):
    it = bench(**YUM)
    it.connection.answers.update({"yum-lock-holder": "", "yum-health": ""})
    failed = YUM_FAILS.format(more="").replace("dead", "k8sboot-docker")
    it.connection.answers["yum -q -y"] = (1, "", failed)
    with pytest.raises(CommandFailed):
        it.do(ensure.repositories, {"docker": SOURCE})
    assert "/etc/yum.repos.d/k8sboot-docker.repo" not in it.connection.files
