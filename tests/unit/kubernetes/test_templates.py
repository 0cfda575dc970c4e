from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from k8sboot import templates
from k8sboot.secret import Secret
from k8sboot.templates import TemplateError, as_yaml, render


def test_a_missing_value_is_named_with_its_template() -> None:
    with pytest.raises(TemplateError) as caught:
        render("chrony.conf.j2")
    assert "chrony.conf.j2" in str(caught.value)
    assert "servers" in str(caught.value)


def test_an_unknown_template_is_named_with_the_folders_searched() -> None:
    with pytest.raises(TemplateError) as caught:
        render("nonsense.j2")
    assert "nonsense.j2" in str(caught.value)
    assert str(templates.DIRECTORIES[0]) in str(caught.value)


def test_a_value_that_looks_like_a_template_is_not_rendered() -> None:
    assert "server {{ 7 * 7 }} iburst" in render("chrony.conf.j2", servers=["{{ 7 * 7 }}"])


@pytest.mark.parametrize("bad", ["a\nserver evil", "a\rb", "a\x00b", "a\u2028b"])
def test_a_value_cannot_break_out_of_its_line(bad: str) -> None:
    with pytest.raises(TemplateError, match="control character"):
        render("chrony.conf.j2", servers=[bad])


def test_a_secret_does_not_leak_into_a_template() -> None:
    assert "***" in render("chrony.conf.j2", servers=[Secret("hunter2")])


def test_a_word_for_the_shell_is_quoted() -> None:
    assert render("kubelet.env.j2", arguments=["--a=$(id)", "b"]).endswith(
        "KUBELET_EXTRA_ARGS='--a=$(id) b'\n"
    )


@given(st.text())
def test_the_yaml_filter_gives_back_every_text_yaml_can_hold(value: str) -> None:
    text = as_yaml(value)
    assert json.loads(text) == value
    assert "\n" not in text
    if value.isprintable():
        assert yaml.safe_load(text) == value


@pytest.mark.parametrize("value", ["no", "1.30", "1e3", "~", "", "a: b", "# c", "2001:db8::1", "é\x85\u2028"])
def test_the_yaml_filter_keeps_a_text_a_text(value: str) -> None:
    assert yaml.safe_load(as_yaml(value)) == value
