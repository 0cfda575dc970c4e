"""The password of a mirror is in no file that all may read, and on no command line."""

from __future__ import annotations

import pytest
from fake_state import FakeFile
from fake_yum import EL7, index_of
from keys import FINGERPRINT, KEY

from k8sboot import ensure
from k8sboot.inventory import url_forms
from k8sboot.inventory.forms import FormError
from k8sboot.osfamily import Source, logins
from k8sboot.paths import APT_LOGINS, CURL_LOGINS

WORD = "hunter2%2F"
URL, BARE = f"https://ops:{WORD}@mirror:8443/7", "https://mirror:8443/7"
SOURCE = Source(URL, keys=(f"{URL}/key",), fingerprints=frozenset({FINGERPRINT}), suite="stable")
APT = {"web": {f"{BARE}/key": KEY}}
QUIET = {"yum-health": "", "dnf-health": "", "yum-lock-holder": "", "yum-unread": ""}
YUM = {"files": {"/etc/os-release": EL7}, "answers": QUIET, "web": {f"{BARE}/key": KEY, **index_of(BARE)}}
BOTH = pytest.mark.parametrize(
    ("system", "logins_of"), [(APT, APT_LOGINS), (YUM, CURL_LOGINS)], ids=["apt", "yum"]
)


def configure(host: object, wanted: dict[str, Source]) -> None:
    ensure.repositories(host, wanted)  # type: ignore[arg-type]


@BOTH
def test_a_mirrors_password_lies_only_where_root_alone_may_read(bench, system, logins_of):
    it = bench(**system)
    it.do(configure, {"docker": SOURCE})
    holding = {
        p: f.mode
        for p, f in it.connection.files.items()
        if isinstance(f, FakeFile) and b"hunter2" in f.content
    }
    shown = {path: mode for path, mode in holding.items() if not path.startswith("/var/lib/k8sboot/")}
    assert logins_of in shown
    assert {*shown.values()} == {0o600}
    assert not [line for line in it.connection.commands if "hunter2" in line]
    assert not [event for event in it.events if "hunter2" in repr(event)]
    assert it.do(configure, {"docker": SOURCE}) == []


@BOTH
def test_a_login_that_leaves_the_inventory_leaves_the_host(bench, system, logins_of):
    it = bench(**system)
    it.do(configure, {"docker": SOURCE})
    it.do(configure, {"docker": Source(BARE, (f"{BARE}/key",), SOURCE.fingerprints, suite="stable")})
    assert logins_of not in it.connection.files
    listed = [f for p, f in it.connection.files.items() if "k8sboot-docker" in p and p.startswith("/etc/")]
    assert {f.mode for f in listed} == {0o644}


def test_what_apt_and_curl_read_is_for_that_place_alone():
    urls = (URL, f"{URL}/key", "http://a:b@plain/x/", "https://none/x")
    assert logins.for_apt(urls) == (
        "machine mirror:8443/7 login ops password hunter2/\n"
        "machine mirror:8443/7/key login ops password hunter2/\n"
        "machine http://plain/x login a password b\n"
        "machine plain/x login a password b\n"
    )
    assert logins.for_curl(urls) == (
        "machine mirror login ops password hunter2/\nmachine plain login a password b\n"
    )
    assert logins.for_apt(("https://none/x",)) == ""
    assert logins.without_login(URL) == BARE


@pytest.mark.parametrize("login", ["a:b@c", "a:b%20c", "a:b%0Amachine%20x", "a:%22", "a:%23"])
def test_a_login_that_would_be_read_as_something_else_is_refused(login):
    with pytest.raises(FormError):
        url_forms.url(f"https://{login}@mirror/x")


def test_a_url_that_is_written_for_all_to_read_has_no_login():
    with pytest.raises(FormError):
        url_forms.url_without_login("https://a:b@mirror/kernel.rpm")
    assert url_forms.url_without_login("https://mirror/x@y") == "https://mirror/x@y"
