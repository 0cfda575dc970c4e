"""A registry that serves another image under a name than the inventory pins: it is refused before anything runs it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from runs import run

from k8sboot.ensure.images import _compare, ensure_images
from k8sboot.errors import NotAsWanted
from k8sboot.inventory import forms
from k8sboot.runbook import UP
from k8sboot.runtime.docker import Docker

ONE, OTHER, ID = (f"sha256:{digit * 64}" for digit in "120")


@pytest.fixture
def machine(bench):
    """A host with `there:1`, and a registry that has all else."""
    served = {"there:1": ONE, "here:1": ONE}
    pulled = ["there:1"]

    def pull(_host, words):
        pulled.append(words[-1])
        return ""

    def digests(_host, words):
        return "".join(f"{ID} {served[image]}\n" for image in words[5:])

    found = bench(
        answers={
            "docker image ls": lambda *_: "".join(f"{image}\n" for image in pulled),
            "docker image inspect": digests,
            "docker pull": pull,
        }
    )
    found.served = served
    return found


def ensure(machine, pins, *, is_dry=False):
    return machine.do(lambda host: ensure_images(host, Docker(), ["there:1", "here:1"], pins), is_dry=is_dry)


def test_images_with_their_digests_are_accepted(machine):
    assert ensure(machine, {"there:1": ONE, "here:1": ONE}) == ["pull 1 images"]
    assert ensure(machine, {"there:1": ONE, "here:1": ONE}) == []


@pytest.mark.parametrize("served", [OTHER, f"{OTHER} {OTHER}", "", "sha256:", ONE[:-1]])
def test_another_image_is_refused_after_its_pull_and_again_ever_after(machine, served):
    machine.served["here:1"] = served
    for _ in range(2):
        with pytest.raises(NotAsWanted) as refused:
            ensure(machine, {"here:1": ONE})
        assert refused.value.error_code == "KB-IMAGE-DIGEST"
        assert "here:1" in refused.value.what


def test_one_of_several_digests_is_enough(machine):
    machine.served["here:1"] = f"{OTHER} {ONE}"
    ensure(machine, {"here:1": ONE})


def test_an_image_that_was_there_is_refused_in_a_plan_and_before_any_pull(machine):
    machine.served["there:1"] = OTHER
    for is_dry in (True, False):
        with pytest.raises(NotAsWanted, match="there:1"):
            ensure(machine, {"there:1": ONE}, is_dry=is_dry)
        assert machine.changes == []


def test_the_id_of_an_image_is_no_digest_of_a_registry(machine):
    with pytest.raises(NotAsWanted):
        ensure(machine, {"there:1": ID})


def test_a_plan_says_nothing_of_what_is_yet_to_be_pulled(machine):
    assert ensure(machine, {"here:1": OTHER}, is_dry=True) == ["pull 1 images"]


def test_an_answer_with_a_line_too_few_accepts_nothing(machine):
    machine.connection.answers["docker image inspect"] = f"{ID} {ONE}\n"
    pins = {"there:1": ONE, "here:1": ONE}
    with pytest.raises(NotAsWanted):
        machine.do(lambda host: _compare(host, Docker(), ["there:1", "here:1"], pins))


def test_a_cluster_does_not_come_up_on_another_image(bare):
    name = "registry.cn-hangzhou.aliyuncs.com/google_containers/pause:v1"
    pinned = replace(bare.spec.runtime, image_digests={name: ONE, "own.example.com/tool:1": ONE})
    bare.spec = replace(bare.spec, runtime=pinned)
    for host in bare.hosts.values():
        host.answers["docker image inspect"] = lambda _host, words: f"{ID} {OTHER}\n" * len(words[5:])
    errors = run(bare, UP).report.errors
    assert {error.error_code for error in errors.values()} == {"KB-IMAGE-DIGEST"}
    assert not bare.members
    assert any(line.endswith("own.example.com/tool:1") for line in bare.hosts["m1"].events)


@pytest.mark.parametrize(
    "text", ["pause", "pause:", "r:5000/pause", "a b:1", "r/pause@sha256:0", "r/pause:1;id"]
)
def test_a_pin_names_an_image_with_its_tag(text):
    with pytest.raises(forms.FormError):
        forms.tagged_image(text)
    assert forms.tagged_image("r.lan:5000/a/pause:3.6") == "r.lan:5000/a/pause:3.6"


@pytest.mark.parametrize("text", ["1" * 64, "sha256:" + "1" * 63, "sha256:" + "G" * 64, "sha512:" + "1" * 64])
def test_a_digest_is_whole(text):
    with pytest.raises(forms.FormError):
        forms.image_digest(text)
