"""A file that k8sboot writes is read back as it was meant, with every value that the inventory lets through."""

from __future__ import annotations

import configparser
import json
import subprocess
from collections.abc import Callable

import strategies as some
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from k8sboot.errors import K8sbootError
from k8sboot.inventory import forms, keys
from k8sboot.inventory.kinds import Pairs, Section, TextList
from k8sboot.templates import render


def form_of(path: str) -> Callable[[str], str] | None:
    """The form that the inventory demands of the values of a key."""
    section: object = keys.inventory()
    for part in path.split("."):
        assert isinstance(section, Section)
        section = section.keys[part].kind
    return (
        section.value_form
        if isinstance(section, Pairs)
        else section.form
        if isinstance(section, TextList)
        else None
    )


def let_through(path: str, text: str) -> str:
    """The value as the inventory takes it; the example is dropped where it does not."""
    form = form_of(path)
    try:
        return form(text) if form else text
    except forms.FormError:
        assume(False)
        raise


def rendered(name: str, **values: object) -> str:
    """The file; the example is dropped where the template refuses a value."""
    try:
        return render(name, **values)
    except K8sbootError:
        assume(False)
        raise


WORDS = [
    "example.com",
    ".svc",
    "10.0.0.0/8",
    "--a=b",
    "ntp.example",
    "1",
    "a b",
    "a;b",
    "$(touch x)",
    "a'b",
    "\\",
    '"x"',
]
values = some.twisted(WORDS, WORDS) | some.texts


@given(st.lists(values, min_size=1, max_size=3))
def test_noproxy_is_read_by_a_shell(words):
    wanted = ",".join(let_through("proxy.noProxy", word) for word in words)
    text = rendered("proxy.env.j2", variables={"no_proxy": wanted}, fixed="x")
    assert in_shell(text, "no_proxy") == wanted


@given(st.lists(values, min_size=1, max_size=3))
def test_kubelets_flags_are_read_by_a_shell(words):
    text = rendered("kubelet.env.j2", arguments=words)
    assert in_shell(text, "KUBELET_EXTRA_ARGS") == " ".join(words)


def in_shell(text: str, name: str) -> str:
    """The value of a variable after a shell has read a file of assignments, in which nothing else happens."""
    code = f'{text}\nprintf "[%s]" "${name}"'
    assume("\0" not in code)
    raw = code.encode("utf-8", "surrogateescape") if is_encodable(code) else b""
    assume(raw)
    done = subprocess.run(
        ["/bin/sh", "-c", raw], capture_output=True, check=False, env={"PATH": "/nonexistent"}, timeout=60
    )
    assert done.stderr == b""
    return done.stdout.decode("utf-8", "surrogateescape")[1:-1]


def is_encodable(text: str) -> bool:
    try:
        return bool(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return False


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
