"""Evidence is hostile: it is sized, clean and masked, and whatever it is, looking at it raises nothing."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recordings import RECORDED, look, read

from k8sboot.diagnosis.catalogue import ABOUT_BOTH
from k8sboot.diagnosis.evidence import LONGEST_LINE, HostEvidence, parse
from k8sboot.diagnosis.finding import Catalogue, Finding, Seen
from k8sboot.diagnosis.script import Scope, script
from k8sboot.runtime.docker import Docker

SECTIONS = tuple(
    line.split()[1] for line in script(Scope(runtime=Docker())).splitlines() if line.startswith("section ")
)
WORDS = [
    word
    for path in RECORDED.glob("*.txt")
    for word in {
        word for line in path.read_text().splitlines()[::3] for word in line.split(" ") if len(word) > 3
    }
]


def line(name: str, data: bytes) -> str:
    return f"section {name} .{base64.b64encode(data).decode()}\n"


def test_events_of_pods_that_are_ready_or_gone_are_of_the_past():
    pods = (
        "NAMESPACE NAME READY STATUS RESTARTS AGE IP NODE NOMINATED GATES\n"
        "kube-system   calico-node-a   1/1   Running   0   9m   10.0.0.1   n1   <none>   <none>\n"
        "kube-system   coredns-b   0/1   CrashLoopBackOff   2   9m   10.0.0.2   n1   <none>   <none>\n"
    )
    events = [f"Warning   Pod   {name}   Failed   x" for name in ("calico-node-a", "coredns-b", "gone")]
    events += ["Warning   Node   n1   CgroupV1   x"]

    def left(shown: str) -> list[str]:
        found = HostEvidence({"pods": shown, "events": "\n".join(events)}).without_past_events()
        return found["events"].splitlines()

    assert left(pods) == [events[1], events[3]]
    assert left(pods.partition("\n")[2]) == events[1:]  # the beginning of the list was cut off
    assert left("") == events


def test_sections_are_read_by_their_names():
    assert parse(line("a", b"one\ntwo\n") + line("b", b"")) == {"a": "one\ntwo\n", "b": ""}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "section\n",
        "section a\n",
        "section a b\n",
        "section a .%%%\n",
        "fact a .YQ==\n",
        "section a .YQ==x\n",
    ],
)
def test_what_is_no_section_is_passed_over(text: str):
    assert parse(text + line("b", b"here")) == {"b": "here"}


def test_a_log_that_looks_like_a_section_is_none():
    assert parse(line("a", b"\nsection swaps .L2Rldi9kbS0x\n")).keys() == {"a"}


@pytest.mark.parametrize(
    "secret",
    [
        "abcdef.0123456789abcdef",
        "client-key-data: LS0tLS1CRUdJTg==",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpA\n-----END RSA PRIVATE KEY-----",
        "https://user:secret@proxy.example.com:3128",
        "abcdef.0123\x1b[0m456789abcdef",
    ],
)
def test_secrets_are_masked_before_anything_is_looked_for(secret: str):
    text = HostEvidence({"output": f"the token is {secret} there"}).text()
    for piece in ("0123456789abcdef", "LS0tLS1CRUdJTg", "MIIEpA", ":secret@"):
        assert piece not in text
    assert "***" in text


def test_lines_and_sections_are_cut_the_end_stays():
    found = HostEvidence(
        {"a": "x" * 100_000 + "\n" + "y" * 10_000, "b": "early\n" + "z\n" * 100_000 + "late"}
    )
    assert max(len(each) for each in found["a"].splitlines()) == LONGEST_LINE
    assert found["b"].endswith("late")
    assert "early" not in found["b"]


def test_control_characters_do_not_reach_a_finding():
    (found,) = look(
        {"output": "\x1b]0;x\x07unable to configure the Docker daemon with file /e\x1b[31m: no\u202e"}
    )
    assert found.cause == "Docker does not start because it cannot use /e: no"


def test_no_evidence_gives_nothing():
    assert look({}) == ()
    assert look(dict.fromkeys(SECTIONS, "")) == ()


@pytest.mark.parametrize("name", sorted(path.stem for path in RECORDED.glob("*.txt")))
def test_braces_and_percent_signs_in_evidence_are_just_text(name: str):
    sections = {key: text.replace("10.77.3.1", "{0}{x.y}%s%(a)s") for key, text in read(name).items()}
    for found in look(sections, ABOUT_BOTH):
        assert isinstance(found, Finding)


@given(st.dictionaries(st.sampled_from(SECTIONS), st.text(max_size=300)))
def test_arbitrary_text_raises_nothing(sections: dict[str, str]):
    look(sections, ABOUT_BOTH)


@given(
    st.dictionaries(
        st.sampled_from(SECTIONS), st.lists(st.sampled_from([*WORDS, "\n", '"', "\\", "}", "{"]), max_size=60)
    )
)
def test_real_words_in_any_order_raise_nothing_and_findings_are_short(sections: dict[str, list[str]]):
    for found in look({name: " ".join(words) for name, words in sections.items()}, ABOUT_BOTH):
        assert len(found.cause) < 1200
        assert "\n" not in found.cause


@pytest.mark.timeout(60)
@pytest.mark.parametrize("filling", ['"', " ", "https://", "x509: ", 'image "', "0/1 "])
@pytest.mark.parametrize("length", [3 * LONGEST_LINE, pytest.param(70_000, marks=pytest.mark.slow)])
def test_very_long_lines_are_searched_in_time(filling: str, length: int):
    """A pattern that looks back and forth without end would take minutes."""
    long = (filling * length)[:length]
    output = (filling * 70_000)[:70_000]
    look(dict.fromkeys(SECTIONS, f"{long}\nlast") | {"output": output}, ABOUT_BOTH)


def test_where_it_was_seen_goes_before_the_cause():
    catalogue = Catalogue(((lambda e: Finding("KB-X", "broken", "mend") if e["a"] else None,),))
    (found,) = catalogue.examine([Seen(HostEvidence({})), Seen(HostEvidence({"a": "1"}), "on n2: ")])
    assert found.cause == "on n2: broken"


def test_each_code_is_told_once_the_best_first():
    def says(section: str, code: str):
        return lambda e: Finding(code, e[section], "") if e[section] else None

    catalogue = Catalogue(((says("a", "KB-1"), says("b", "KB-2")),), (says("c", "KB-3"),))
    first, second = HostEvidence({"b": "two"}), HostEvidence({"a": "one", "b": "too", "c": "three"})
    assert [f.cause for f in catalogue.examine([Seen(first), Seen(second)])] == ["two", "one"]
    assert [f.code for f in catalogue.examine([Seen(HostEvidence({"c": "x"}))])] == ["KB-3"]


def test_what_cannot_have_brought_it_about_is_left_out():
    def says(section: str, code: str):
        return lambda e: Finding(code, e[section], "") if e[section] else None

    catalogue = Catalogue(((says("disk", "KB-1"),), (says("docker", "KB-2"),), (says("etcd", "KB-3"),)))
    evidence = HostEvidence({"docker": "flag", "etcd": "slow"})
    assert [f.code for f in catalogue.examine([Seen(evidence)])] == ["KB-2"]
    full = HostEvidence({"disk": "full"})
    assert [f.code for f in catalogue.examine([Seen(evidence), Seen(full)])] == ["KB-2", "KB-1"]
