"""Which cluster a kubeconfig gives access to; its text is untrusted."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from fake_answers import kubeconfig

from k8sboot.kubernetes.kubeconfig_file import (
    LARGEST,
    access_by,
    access_in,
    has_same_credentials,
    is_only_for,
    summary,
)

ADMIN = kubeconfig("ca", "kubernetes-admin", "k8s.lab:6443", name="lab")
WANTED = access_by("lab", ["k8s.lab:6443"])


def edited(**fields: Any) -> str:
    return json.dumps(json.loads(ADMIN) | fields)


def with_entry(kind: str, **fields: Any) -> str:
    """ADMIN with more in the only entry of this kind."""
    found = json.loads(ADMIN)
    found[f"{kind}s"][0][kind] |= fields
    return json.dumps(found)


def merged(*texts: str) -> str:
    found = [json.loads(text) for text in texts]
    lists = {
        kind: [each for one in found for each in one[kind]] for kind in ("clusters", "contexts", "users")
    }
    return json.dumps(found[0] | lists)


OTHER = kubeconfig("other ca", "kubernetes-admin", "10.9.9.9:6443", name="prod")


def test_the_form_that_kubeadm_writes_is_read():
    assert access_in(ADMIN) == WANTED


@pytest.mark.parametrize(
    "text",
    [
        ADMIN,
        yaml.safe_dump(json.loads(ADMIN)),
        kubeconfig("ca", "kubernetes-admin", "k8s.lab:6443", name="lab", issue=2),
        kubeconfig("gone", "kubernetes-admin", "k8s.lab:6443", name="lab"),
        with_entry("context", namespace="dev"),
    ],
)
def test_one_with_this_access_alone_is_the_clusters(text: str):
    assert is_only_for(text, WANTED)


@pytest.mark.parametrize(
    "text",
    [
        OTHER,
        merged(ADMIN, OTHER),
        kubeconfig("ca", "kubernetes-super-admin", "k8s.lab:6443", name="lab"),
        kubeconfig("ca", "kubernetes-admin", "10.0.0.1:6443", name="lab"),
        kubeconfig("ca", "kubernetes-admin", "k8s.lab:6443", name="kubernetes"),
        with_entry("user", token="t"),
        with_entry("cluster", **{"proxy-url": "http://proxy"}),
        with_entry("context", extensions=[]),
        edited(preferences={"colors": True}),
        edited(extensions=[{"name": "mine"}]),
        edited(users="none"),
        edited(users=[7]),
        edited(clusters=[{"name": "lab", "cluster": 7}]),
        edited(clusters=json.loads(ADMIN)["clusters"] * 2),
        f"{ADMIN}\n---\n{ADMIN}",
        f"{ADMIN}\n{'#' * LARGEST}",
        "{",
        "[]",
        "",
        "a: &a [*a]",
        "[" * 2000,
        "clusters: !!python/object/apply:os.system [true]",
        "mine",
    ],
)
def test_anything_else_is_not(text: str):
    assert not is_only_for(text, WANTED)
    assert summary(text)


def test_the_same_credentials_with_another_namespace_need_no_renewal():
    assert has_same_credentials(with_entry("context", namespace="dev"), ADMIN)
    assert not has_same_credentials(kubeconfig("gone", "kubernetes-admin", "k8s.lab:6443", name="lab"), ADMIN)
    renewed = kubeconfig("ca", "kubernetes-admin", "k8s.lab:6443", name="lab", issue=2)
    assert not has_same_credentials(ADMIN, renewed)
    assert not has_same_credentials("{", "{")


def test_a_summary_has_names_and_addresses_and_nothing_else():
    text = summary(merged(ADMIN, OTHER.replace("kubernetes-admin", "ops")))
    assert text == (
        "clusters in it: `lab` at k8s.lab:6443, `prod` at 10.9.9.9:6443; users: `kubernetes-admin`, `ops`"
    )


def test_security_a_summary_shows_no_login_token_or_control_character():
    url = "https://me:pass@host:6443/token?key=secret"
    text = summary(
        json.dumps(
            {
                "clusters": [{"name": "a\x1b[2J\nb`c", "cluster": {"server": url}}],
                "users": [{"name": "u" * 500, "user": {"token": "hidden"}}],
            }
        )
    )
    assert text.startswith("clusters in it: `a b'c` at host:6443; users: `uuu")
    assert not any(word in text for word in ("pass", "secret", "token", "hidden", "\x1b", "\n"))
    assert len(text) < 200


def test_a_summary_of_many_clusters_is_short():
    many = [kubeconfig("ca", "kubernetes-admin", f"10.0.0.{n}:6443", name=f"c{n}") for n in range(9)]
    clusters = [json.loads(text)["clusters"][0] for text in many]
    assert "`c3` at 10.0.0.3:6443 and 5 more;" in summary(json.dumps({"clusters": clusters}))
    assert "at no address" in summary('{"clusters": [{"name": "c", "cluster": {"server": "http://[::1"}}]}')
