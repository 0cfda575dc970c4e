"""What is said of how machines are to be prepared."""

from __future__ import annotations

import pytest

from k8sboot.inventory import lint_os

ONE, TWO = "0123456789abcdef0123456789abcdef01234567", "89ab" * 10


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("os: {timeSync: ntpdate}", "KB-TIME"),
        ("os: {timeSync: ntpdate, ntpServers: []}", "KB-TIME"),
        ("os: {repositories: {suse.docker: {url: 'https://x/y'}}}", "KB-REPOSITORY-NAME"),
        (
            f"os: {{repositories: {{docker: {{url: 'https://x/y', fingerprint: {ONE}}}}}}}",
            "KB-REPOSITORY-KEY",
        ),
        (
            "os: {repositories: {kubernetes: {url: 'https://x/y', suite: /, components: [main]}}}",
            "KB-REPOSITORY-SUITE",
        ),
        ("kubeadm: {kubeletConfiguration: {cgroupDriver: cgroupfs}}", "KB-CGROUP-DRIVER"),
        ("os: {selinux: enforcing}", "KB-VALUE"),
    ],
)
def test_what_does_not_fit_is_told(problems, text, code):
    assert [p.code for p in problems(f"{text}\n")] == [code]


def test_a_time_zone_that_does_not_exist_is_told_with_one_that_does(problems, tmp_path, monkeypatch):
    (tmp_path / "zones/Europe").mkdir(parents=True)
    (tmp_path / "zones/Europe/Berlin").touch()
    monkeypatch.setattr(lint_os, "ZONES", tmp_path / "zones")
    (found,) = problems("os: {timezone: Europe/Berlni}\n")
    assert (found.code, found.line, found.suggestion) == ("KB-TIMEZONE", 1, "did you mean Europe/Berlin?")
    assert problems("os: {timezone: Europe/Berlin}\n") == []
    assert [each.code for each in problems("os: {timezone: Nowhere/There}\n")] == ["KB-TIMEZONE"]


def test_without_time_zones_on_this_machine_the_hosts_tell(problems, tmp_path, monkeypatch):
    monkeypatch.setattr(lint_os, "ZONES", tmp_path / "none")
    assert problems("os: {timezone: Europe/Berlni}\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "os: {timeSync: none, ntpServers: []}",
        "os: {ntpServers: []}",
        "os: {timezone: ''}",
        "os: {timeSync: ntpdate, ntpServers: [10.0.0.1], update: true, selinux: disabled, distributeKey: true}",
        "os: {repositories: {rhel.docker: {url: 'https://x/y'}, own: {url: 'https://x/z'}}}",
        "kubeadm: {kubeletConfiguration: {cgroupDriver: systemd}}",
    ],
)
def test_what_fits_is_taken_without_a_word(problems, text):
    assert problems(f"{text}\n") == []


def test_several_fingerprints_are_parted_by_commas(inventory):
    said = f"fingerprint: '{ONE[:20]} {ONE[20:]}, {TWO}'"
    text = f"os: {{repositories: {{docker: {{url: 'https://x/y', key: 'http://x/k', {said}}}}}}}\n"
    assert inventory(text).spec.os.repositories["docker"].fingerprint == f"{ONE} {TWO}".upper()
