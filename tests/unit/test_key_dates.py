"""Keys of repositories by date: told 60 days before their end, renewed by the same fingerprint, refused after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest
from fake_yum import EL9, index_of
from keys import DATED_FINGERPRINT, STRANGER, UNTIL_2024, UNTIL_2026, UNTIL_2029

from k8sboot import ensure
from k8sboot.ensure import key_dates
from k8sboot.errors import Refused
from k8sboot.osfamily import Source, openpgp

KEY_URL, NEWER_URL = "https://mirror/v1.27/key", "https://mirror/v1.37/key"
APT_KEY, YUM_KEY = "/etc/apt/keyrings/k8sboot-kubernetes.gpg", "/etc/pki/rpm-gpg/k8sboot-kubernetes"
RPMS_KEY = f"gpg-pubkey-{DATED_FINGERPRINT[-8:].lower()}-{1661385600:x}"
SOURCE = Source(
    "https://mirror/v1.27/",
    (KEY_URL,),
    frozenset({DATED_FINGERPRINT}),
    suite="/",
    key_copies=(NEWER_URL,),
)
BOTH = pytest.mark.parametrize("system", ["apt", "yum"])


@pytest.fixture(autouse=True)
def today(monkeypatch):
    """Sets this machine's clock."""

    def set_to(year: int, month: int, day: int) -> None:
        monkeypatch.setattr(key_dates, "now", lambda: datetime(year, month, day, tzinfo=timezone.utc))

    set_to(2026, 11, 30)
    return set_to


@pytest.fixture
def a_host(bench):
    def make(system: str, served: str = UNTIL_2026, newer: str = "", lies: str = ""):
        it = bench(**({"files": {"/etc/os-release": EL9}} if system == "yum" else {}))
        it.connection.answers |= {"rpm -q": (1, "", "not installed\n"), "rpm -e": ""}
        it.connection.web |= {KEY_URL: served, **({NEWER_URL: newer} if newer else {})}
        it.connection.web |= index_of("https://mirror/v1.27")
        if lies:
            it.connection.web[KEY_URL] = lies
            it.do(ensure.repository, "kubernetes", replace(SOURCE, ignores_expiry=True))
            it.connection.web[KEY_URL] = served
        return it

    return make


def end(it) -> int:
    path = APT_KEY if APT_KEY in it.connection.files else YUM_KEY
    return openpgp.ends(openpgp.certificates(it.connection.files[path].content)).year


def notices(it) -> list[str]:
    return [event.text for event in it.events if getattr(event, "code", "") == "KB-KEY-EXPIRES"]


@BOTH
@pytest.mark.parametrize(("day", "count"), [((2026, 10, 29), 0), ((2026, 10, 31), 1), ((2026, 12, 28), 1)])
def test_a_keys_end_is_told_60_days_before_with_what_to_do(a_host, today, system, day, count):
    today(*day)
    it = a_host(system)
    it.do(ensure.repository, "kubernetes", SOURCE)
    assert end(it) == 2026
    assert len(notices(it)) == count
    assert all("repository kubernetes expires on 2026-12-29" in text for text in notices(it))
    assert all("`kubernetes` with its `url` in os.repositories" in text for text in notices(it))


@BOTH
@pytest.mark.parametrize("is_dry", [False, True], ids=["up", "plan"])
def test_an_expired_key_is_refused_with_its_date_and_the_cure(a_host, today, system, is_dry):
    today(2026, 12, 29)
    it = a_host(system)
    with pytest.raises(Refused) as found:
        it.do(ensure.repository, "kubernetes", SOURCE, is_dry=is_dry)
    assert found.value.error_code == "KB-KEY-EXPIRES"
    assert "kubernetes expired on 2026-12-29" in found.value.what
    assert KEY_URL in found.value.why
    assert DATED_FINGERPRINT in found.value.why
    assert "os.repositories" in found.value.fix
    assert it.connection.mutations == []


@BOTH
@pytest.mark.parametrize("served", [UNTIL_2024, UNTIL_2026], ids=["expired", "ends soon"])
def test_a_renewed_copy_of_the_same_fingerprint_is_taken_from_a_newer_repository(a_host, system, served):
    it = a_host(system, served, newer=UNTIL_2029)
    it.do(ensure.repository, "kubernetes", SOURCE)
    assert end(it) == 2029
    assert notices(it) == []
    assert it.do(ensure.repository, "kubernetes", SOURCE) == []


@pytest.mark.parametrize("newer", [STRANGER, UNTIL_2024, UNTIL_2029 + STRANGER, "<html></html>"])
def test_nothing_else_is_taken_for_a_renewed_copy(a_host, newer):
    it = a_host("apt", UNTIL_2024, newer=newer)
    with pytest.raises(Refused):
        it.do(ensure.repository, "kubernetes", SOURCE)
    assert it.connection.mutations == []


def test_a_key_with_time_left_costs_no_look_at_other_repositories(a_host):
    it = a_host("apt", UNTIL_2029, newer=UNTIL_2029)
    it.do(ensure.repository, "kubernetes", SOURCE)
    assert not any(NEWER_URL in line for line in it.connection.commands)
    it.do(ensure.repository, "kubernetes", SOURCE)
    assert not any("fetch" in line for line in it.connection.commands)


@BOTH
@pytest.mark.parametrize("lies", [UNTIL_2024, UNTIL_2026], ids=["expired", "ends soon"])
def test_a_hosts_key_that_ends_is_replaced_once_a_renewed_one_is_served(a_host, system, lies):
    it = a_host(system, lies=lies, served=UNTIL_2029)
    (change,) = it.do(ensure.repository, "kubernetes", SOURCE)
    assert change.startswith("write ")
    assert end(it) == 2029
    assert it.do(ensure.repository, "kubernetes", SOURCE) == []


@BOTH
@pytest.mark.parametrize("served", [UNTIL_2024, "<html></html>"], ids=["the same", "nothing"])
def test_without_a_renewed_copy_a_host_keeps_its_key_and_it_is_told(a_host, system, served):
    it = a_host(system, lies=UNTIL_2024, served=served)
    assert it.do(ensure.repository, "kubernetes", SOURCE) == []
    assert "expired on 2024-11-02" in notices(it)[0]


def test_a_renewed_key_of_the_host_is_not_replaced_by_an_older_copy(a_host):
    it = a_host("apt", lies=UNTIL_2029, served=UNTIL_2024)
    it.do(ensure.repository, "kubernetes", replace(SOURCE, suite="other/"))
    assert end(it) == 2029


@BOTH
def test_dates_count_for_nothing_where_releases_are_as_before(a_host, system):
    it = a_host(system, served=UNTIL_2024, newer=UNTIL_2029)
    it.do(ensure.repository, "kubernetes", replace(SOURCE, ignores_expiry=True))
    assert end(it) == 2024
    assert notices(it) == []
    assert it.do(ensure.repository, "kubernetes", replace(SOURCE, ignores_expiry=True)) == []


@pytest.mark.parametrize(
    ("lies", "is_removed"), [(UNTIL_2024, True), (UNTIL_2029, False), ("nonsense", True), (None, False)]
)
def test_rpm_forgets_the_older_copy_that_it_has_imported(a_host, lies, is_removed):
    it = a_host("yum", served=UNTIL_2029)
    it.connection.answers["rpm -q"] = (1, "", "") if lies is None else f"{lies}\n"
    it.do(ensure.repository, "kubernetes", SOURCE)
    removed = [line for line in it.connection.commands if line.startswith("rpm -e")]
    assert removed == [f"rpm -e {RPMS_KEY}"] * is_removed
