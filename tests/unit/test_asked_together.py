"""Questions to the cluster: asked together, remembered while nothing changes, and asked again after any change."""

from __future__ import annotations

from base64 import b64encode

import pytest
from fake_host import FakeConnection
from workbench import Bench

from k8sboot import ensure
from k8sboot.events import Event
from k8sboot.host.host import Context, Host
from k8sboot.host.machine import Machine
from k8sboot.host.reads import Reads
from k8sboot.host.remembered import MOST, Together
from k8sboot.host.script import Read

ONE, TWO, THREE = ("ls", "one"), ("ls", "two"), ("ls", "three")
ANSWERS = {"ls one": "1", "ls two": "2", "ls three": (1, "", "no three\n")}


class Two:
    """A master that answers for the cluster, and a node, in one run."""

    def __init__(self) -> None:
        self.master, self.node = FakeConnection(name="m1", answers=dict(ANSWERS)), FakeConnection(name="n1")
        self.events: list[Event] = []
        self._machines = {
            "m1": Machine("m1", "192.0.2.1", "master", self.master, Reads(cluster=(ONE, TWO, THREE))),
            "n1": Machine("n1", "192.0.2.2", "node", self.node, Reads()),
        }

    def host(self, name: str) -> Host:
        run = tuple(self._machines.values())
        return Host(self._machines[name], Context("test", self.events.append, run=run))

    def start_over(self) -> None:
        for machine in self._machines.values():
            machine.start_over()


@pytest.fixture
def it() -> Two:
    return Two()


def test_all_questions_are_asked_with_the_first_of_them(it: Two) -> None:
    host = it.host("m1")
    assert [host.read_once(ONE), host.read_once(TWO), host.ask_once(ONE).text] == ["1", "2", "1"]
    assert it.master.runs == ["ask"]


def test_one_that_failed_among_others_is_asked_alone_and_its_failure_is_not_remembered(it: Two) -> None:
    host = it.host("m1")
    assert host.ask_once(THREE).problem == "no three"
    it.master.answers["ls three"] = "3"
    assert host.read_once(THREE) == "3"
    assert it.master.runs == ["ask"] * 3
    assert len(it.master.commands) == 5, "the others are not asked with it again"


def test_what_is_not_asked_once_is_asked_anew(it: Two) -> None:
    host = it.host("m1")
    assert host.read_once(ONE) == "1"
    it.master.answers["ls one"] = "new"
    assert [host.read_once(ONE), host.read(ONE)] == ["1", "new"]


@pytest.mark.parametrize("changed", ["m1", "n1"])
def test_a_change_of_any_host_makes_all_forgotten_and_then_each_is_asked_alone(it: Two, changed: str) -> None:
    assert it.host("m1").read_once(ONE) == "1"
    it.master.answers |= {"ls one": "new", "ls two": "new"}
    it.host(changed).change("anything", ["timedatectl", "set-timezone", "Europe/Rome"])
    it.master.runs.clear()
    assert [it.host("m1").read_once(ONE), it.host("m1").read_once(TWO)] == ["new", "new"]
    assert it.master.runs == ["ask"] * 2


def test_a_file_that_is_written_makes_all_forgotten(it: Two) -> None:
    assert it.host("m1").read_once(ONE) == "1"
    it.master.answers["ls one"] = "new"
    ensure.file(it.host("n1"), "/etc/x", "x\n")
    assert it.host("m1").read_once(ONE) == "new"


@pytest.mark.parametrize("waiting", ["m1", "n1"])
def test_a_wait_is_content_with_what_is_known_and_else_asks_anew(it: Two, waiting: str, clock) -> None:
    def problem() -> str:
        said = it.host("m1").read_once(ONE)
        it.master.answers["ls one"] = "ready"
        return "" if said == "ready" else said

    assert it.host("m1").read_once(ONE) == "1"
    it.host(waiting).wait("it", problem, timeout=60)
    assert clock.slept == 1
    it.master.runs.clear()
    it.host(waiting).wait("it", problem, timeout=60)
    assert it.master.runs == []


def test_after_a_plan_that_holds_all_are_asked_together_again(it: Two) -> None:
    assert it.host("m1").read_once(ONE) == "1"
    it.start_over()
    it.master.runs.clear()
    assert [it.host("m1").read_once(ONE), it.host("m1").read_once(TWO)] == ["1", "2"]
    assert it.master.runs == ["ask"]


def test_a_manifest_that_has_just_been_written_is_not_compared(bench: type[Bench]) -> None:
    path = ensure.manifest_path("thing")
    it = bench(files={path: "kind: W\n"}, answers={"kubectl diff": "", "kubectl apply": ""})
    assert it.do(ensure.manifest, "thing", "kind: X\n") == [f"write {path}", "apply thing"]
    assert not [words for words in it.connection.commands if " diff " in words]


def line(number: object, text: bytes = b"x") -> str:
    return f"answer {number} .{b64encode(text).decode()}"


@pytest.mark.parametrize(
    "said",
    [
        line(3), line(-1), line(1000), line("0 1"), line("٠"), "answer 0 x", "answer 0 .=x", "answer 0 .eA", "answer 0",
        f"{line(0)} ", f" {line(0)}", "answer 0 ." + "A" * MOST, "\0", "",
    ],
)  # fmt: skip
def test_what_is_not_an_answer_is_passed_over(said: str) -> None:
    assert Together((ONE, TWO)).parse(f"{said}\n{line(1)}\n") == {
        Read(TWO): Together((TWO,)).parse(line(0))[Read(TWO)]
    }
