"""A file that k8sboot writes is read back as it was meant, with every value that the inventory lets through."""

from __future__ import annotations

import configparser
import json

import strategies as some
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from templated import in_shell, is_encodable, let_through, rendered, values


@given(st.lists(values, min_size=1, max_size=3))
def test_noproxy_is_read_by_a_shell(words):
    wanted = ",".join(let_through("proxy.noProxy", word) for word in words)
    text = rendered("proxy.env.j2", variables={"no_proxy": wanted}, fixed="x")
    assert in_shell(text, "no_proxy") == wanted


@given(st.lists(values, min_size=1, max_size=3))
def test_kubelets_flags_are_read_by_a_shell(words):
    text = rendered("kubelet.env.j2", arguments=words)
    assert in_shell(text, "KUBELET_EXTRA_ARGS") == " ".join(words)


@given(st.dictionaries(st.sampled_from(["net.core.somaxconn", "vm.swappiness"]), values, min_size=1))
def test_sysctls_are_read_back(settings):
    settings = {key: let_through("os.sysctl", value) for key, value in settings.items()}
    lines = rendered("sysctl.conf.j2", settings=settings).split("\n")
    pairs = [line.partition("=") for line in lines if line and line[0] not in "#;"]
    assert {key.strip(): value.strip() for key, _, value in pairs} == {
        k: v.strip() for k, v in settings.items()
    }


@given(st.lists(values, max_size=3), st.lists(values, max_size=3), values)
def test_dockers_settings_are_json(mirrors, insecure, root):
    text = rendered(
        "daemon.json.j2",
        data_root=root,
        registry_mirrors=mirrors,
        insecure_registries=insecure,
        max_size="1m",
        max_file=1,
        log_max_size="1m",
        log_max_file=1,
        live_restore=True,
        bip="",
    )
    found = json.loads(text)
    assert found.get("registry-mirrors", []) == mirrors
    assert found.get("data-root", "") == root


@given(some.texts)
def test_kubeadms_values_are_yaml(word):
    from k8sboot.templates import as_yaml

    assume(is_encodable(word))
    assert json.loads(as_yaml(word)) == word
    if not any(ord(sign) > 0xFFFF for sign in word):
        assert yaml.safe_load(f"a: {as_yaml(word)}") == {"a": word}


@given(values, values, st.lists(values, max_size=2))
def test_a_yum_repository_has_the_keys_that_were_written(purpose, url, exclude):
    text = rendered(
        "yum-repository.repo.j2",
        id="k8sboot-x",
        purpose=purpose,
        url=url,
        keys=["file:///k"],
        gpgcheck=True,
        repo_gpgcheck=False,
        exclude=exclude,
    )
    found = configparser.ConfigParser(interpolation=None, delimiters=("=",), strict=True)
    found.read_string(text)
    assert found.sections() == ["k8sboot-x"]
    assert found["k8sboot-x"]["gpgcheck"] == "1"
