"""No message about an inventory repeats anything of a value that a secret's key holds, however it is written."""

from __future__ import annotations

import pytest

from k8sboot.console.problems import format_problem
from k8sboot.errors import InventoryError
from k8sboot.inventory.load import load

HOST = "masters: [{name: m1, address: 192.0.2.1}]\ncluster: {kubernetesVersion: v1.23.17}\n"


@pytest.mark.parametrize(
    "written",
    [
        "*hunter2", "&hunter2", "&hunter2 x", "!hunter2", "!hunter2 x", "!!hunter2", "!<hunter2> x", "!%68unter2 x",
        "%hunter2", "@hunter2", "`hunter2", "[hunter2", "{hunter2", "{hunter2: x}", "[hunter2]", "'hunter2", '"hunter2',
        '"\\hunter2"', "hunter2: x", "|\n    hunter2", "\n    *hunter2", "\n    - &hunter2 x", "\n    !hunter2 x",
        "${hunter2}x", "x${hunter2", "a\thunter2: b", "? hunter2", "<<: *hunter2", "-hunter2\n   hunter2",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "form", ["ssh:\n  password: {}\n", "ssh: {{sudoPassword: {}}}\n", "ssh:\n  ? password\n  : {}\n"]
)
def test_an_error_repeats_nothing_of_a_secret(tmp_path, form, written):
    shown = "\n".join(told(tmp_path, HOST + form.format(written)))
    assert "hunter2" not in shown
    assert "unter2" not in shown


@pytest.mark.parametrize(
    "line",
    ["proxy: {http: 'http://me:hunter2@'}\n", "os: {mirror: 'http://me:hunter2@example.com/ x'}\n"],
)
def test_a_login_in_a_url_is_masked(tmp_path, line):
    shown = "\n".join(told(tmp_path, HOST + line))
    assert "hunter2" not in shown


def test_a_variable_that_is_missing_is_named(tmp_path):
    assert (
        "environment variable hunter2 is not set"
        in told(tmp_path, HOST + "ssh: {password: '${hunter2}'}\n")[0]
    )


def told(tmp_path, text: str) -> list[str]:
    path = tmp_path / "inventory.yaml"
    path.write_text(text)
    try:
        return [format_problem(each) for each in load(str(path), environ={}, resolve_secrets=False).warnings]
    except InventoryError as error:
        return [format_problem(each) for each in error.problems]
