"""Numbers, JSON and YAML of others: a value within bounds, or a tidy error."""

from __future__ import annotations

import json

import pytest
import yaml
from fake_probes import WORD

from k8sboot.ensure.restore import notes
from k8sboot.errors import K8sbootError, Refused, StepFailed
from k8sboot.host import folders, lease, once, probe_output
from k8sboot.host.proxy_fault import proxy_fault
from k8sboot.host.script import which
from k8sboot.kubernetes import mounts, node_settings
from k8sboot.kubernetes.answers import BadAnswer, number_at, read_object
from k8sboot.kubernetes.yamltext import load_documents
from k8sboot.osfamily import deb_versions, rpm_versions
from k8sboot.plans.file import read_plan
from k8sboot.ssh.connection import Completed
from k8sboot.ssh.job_scripts import parse_end
from k8sboot.text.json_text import read_json
from k8sboot.text.numbers import compared, whole

NO_NUMBERS = [
    "",
    " ",
    "x",
    "-1",
    "+1",
    "1_0",
    "1.0",
    "1e3",
    "nan",
    "inf",
    "²",
    "٣",
    "0x1",
    "9" * 19,
    "9" * 5000,
]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number_is_none(text):
    assert whole(text) is None
    assert probe_output.parse(f"w\nw fact time\n{text}\nw fact cpus\n{text}".encode()).host_facts.cpus == 0
    assert number_at({"a": text}, "a") == 0
    assert lease.holder(f"{text}\nrun origin {text}\nwho") is None
    assert which(["one", "two"], Completed(1, f"k8sboot-failed-{text}".encode(), b"")) == "two"


@pytest.mark.parametrize("text", NO_NUMBERS[2:])
@pytest.mark.parametrize("time", ["time"])
def test_a_clock_that_is_no_number_stops_no_run(bench, monkeypatch, text, time):
    it = bench()
    machine = it.machine
    answered = machine.look
    monkeypatch.setattr(
        machine,
        "look",
        lambda script, *, timeout: Completed(
            0, answered(script, timeout=timeout).stdout + f"\n{WORD} fact {time}\n{text}".encode(), b""
        ),
    )
    assert it.host().facts.time == 0
    assert machine.clock_offset == 0


@pytest.mark.parametrize(
    "answer", [b"", b"x", b"boot\nended", b"boot\nended x", b"boot\nended \xc2\xb2\n", b"b\na b c"]
)
def test_the_state_of_a_change_that_is_none_is_a_tidy_error(bench, monkeypatch, answer):
    machine = bench().machine
    monkeypatch.setattr(machine, "look", lambda script, *, timeout: Completed(0, answer, b""))
    with pytest.raises(ValueError, match=r"."):
        once.parse_outcome(answer)
    with pytest.raises(StepFailed, match="state of a change"):
        machine._recalled("x", K8sbootError("lost"), 1)


@pytest.mark.parametrize(
    "answer", [b"", b"running", b"running - x", "running ² 1".encode(), b"running 1 " + b"9" * 20]
)
def test_a_job_that_tells_no_numbers_raises_value_error(answer):
    with pytest.raises(ValueError, match=r"."):
        parse_end(answer)


@pytest.mark.parametrize(
    "text",
    [
        "NaN", "Infinity", "1e999", "-1e999", "9" * 5000, str(2**65), "[" * 101 + "]" * 101, "[" * 100_000,
        '"\\ud800"', '{"\\udfff": 1}', "{" * 10,
    ],
)  # fmt: skip
def test_json_beyond_bounds_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        read_json(text)
    with pytest.raises(BadAnswer):
        read_object(f'{{"a": {text}}}', asked="x")


def test_json_within_bounds_is_read():
    text = json.dumps({"a": [1, -1, 2**64, 1.5, True, None, "ä\U0001f600"], "b": {"c": {}}})
    assert read_json(text) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "a: !!timestamp x", "a: !!int ''", "a: !!int x", "a: !!float x", "a: !!bool x", "a: !!binary x", "a: !!set {x}",
        "a: !!python/object/apply:os.system [x]", "a: !!omap [x]", "a: !x y", "a: &a [x]\nb: *a", "a: &a [*a]",
        "a: {<<: !!merge x}", "a: .inf", "a: .nan", f"a: {'9' * 5000}", f"a: {2**65}", "a: " + "[" * 101 + "]" * 101,
        "a: " + "[" * 5000, "a: [x", "- x", "x", "? [a]\n: b", "a: !!map [x]", "a: !!seq {x}", "a: !!str [x]",
    ],
)  # fmt: skip
def test_yaml_with_more_than_json_has_is_refused(text):
    with pytest.raises(Refused) as refused:
        load_documents(text, "it")
    assert refused.value.error_code == "KB-YAML"


def test_yaml_that_would_grow_is_refused_before_it_does():
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    with pytest.raises(Refused, match="not YAML"):
        load_documents(bomb, "it")


@pytest.mark.parametrize(
    ("text", "value"),
    [("2020-13-45", "2020-13-45"), ("2020-01-02", "2020-01-02"), ("=", "="), ("~", None), ("1", 1)],
)
def test_dates_are_text_as_for_kubernetes(text, value):
    assert load_documents(f"a: {text}\n<<: b", "it") == [{"a": value, "<<": "b"}]


def test_what_kubernetes_writes_is_read_as_pyyaml_reads_it():
    text = (
        "a: 1\nb: [true, null, 'x', 1.5]\nc: {d: |\n  x\n  y\n}\n"
        if False
        else "a: 1\nb: [true, null, 'x', 1.5]\nc:\n  d: |\n    x\n"
    )
    assert load_documents(text, "it") == [yaml.safe_load(text)]


@pytest.mark.parametrize("compare", [rpm_versions.compare, deb_versions.compare])
def test_versions_of_any_length_are_compared(compare):
    assert compare("1." + "9" * 5000, "1." + "9" * 4999) == 1
    assert compare("1." + "0" * 5000 + "7", "1.7") == 0
    assert compare("1.²", "1.²") == 0
    assert (compared("10", "9"), compared("", "0"), compared("1", "2")) == (1, 0, -1)


def test_a_process_before_any_mount_is_ignored():
    assert mounts.parse(" 1 sh\nnfs server /mnt\n 2 sh") == mounts.parse("nfs server /mnt\n 2 sh")


ROWS = ["\t\t\t", "n1\t[]\t{}\t[]", 'n1\t{"a": 1}\t[1]\t{"k8sboot.io/set": "[1]"}', "n1\tx\tx\tx"]


@pytest.mark.parametrize("row", ROWS)
def test_a_node_of_any_form_has_settings(row):
    assert [*node_settings.node_settings(f"{row}\n.").values()][0].labels == {}


@pytest.mark.parametrize("text", ["[" * 10_000, '{"format": 1e999}', "[]", "1"])
def test_a_plan_of_any_form_is_refused(tmp_path, text):
    (tmp_path / "p").write_text(text)
    with pytest.raises(K8sbootError, match="is not a plan"):
        read_plan(str(tmp_path / "p"))


def test_a_proxy_of_any_form_is_no_pattern():
    assert proxy_fault(["http://proxy.example:(", "http://[:*"], "proxy.example:( refused") is not None


@pytest.mark.parametrize("field", [".é", "é", ".=", "."])
def test_a_saved_state_in_no_base64_is_empty(field):
    assert notes.parse(f"state unit x {field} {field} {field}").states[0].was == ""
    assert folders.refusal(f"{folders.REFUSED} {field}", "h") is None
