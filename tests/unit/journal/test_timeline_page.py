"""The timeline as a web page: whole by itself, and with nothing in it that a host could have put there."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from test_timeline import KNOWN, read, story

from k8sboot.journal.store import StoredRun
from k8sboot.journal.summary import summary_of
from k8sboot.journal.timeline_page import page

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m{{7*7}}</style></title>"


def page_of(records: list[dict[str, Any]]) -> str:
    return page(StoredRun(Path("/state/c/run1"), is_alive=False), summary_of(records), *read(records))


class Elements(HTMLParser):
    """The elements of a page; one that is not closed in its place fails the test."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "input"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_bar_tells_its_phase_its_start_its_seconds_and_its_changes():
    found = Elements(page_of(story(*KNOWN))).found
    titles = {each["title"]: each["class"] for _, each in found if "title" in each and "class" in each}
    classes = titles["n1 c; from 12.0 s, 8.0 s; 1 changed; on the critical path"] or ""
    assert "c" in classes.split()
    assert "c" not in (titles["m1 c; from 12.0 s, 1.0 s; 1 changed"] or "").split()
    assert titles["n1 waited 8.0 s for m1 b"] == "w"
    assert len([each for _, each in found if each.get("class") == "l"]) == 4, (
        "a line to each next host of the path"
    )


def test_what_failed_and_what_did_not_end_is_marked():
    found = Elements(
        page_of(story("0 m1 @", "0 n1 @", "0 m1 a", "0 n1 a", "5 n1 a#", hosts=("m1", "n1")))
    ).found
    classes = {each["title"]: each["class"] for _, each in found if "title" in each and "class" in each}
    assert classes["n1 a; from 0.0 s, 5.0 s; 0 changed; failed: no luck"] == "b p2 failed"
    assert classes["m1 a; from 0.0 s, 5.0 s; 0 changed; under way; on the critical path"] == "b p2 c open"


def test_no_text_of_a_run_becomes_markup():
    plain, evil = page_of(story(*KNOWN)), page_of(
        [
            {**each, **{k: EVIL for k, v in each.items() if v == "n1"}, "cluster": EVIL, "command": EVIL,
             "version": EVIL, "hosts": ["m1", EVIL, "n2"], "phases": ["a", "b", EVIL]}
            for each in [{"event": "Journal", "version": EVIL}, *story(*KNOWN)]
        ]
    )  # fmt: skip
    expected, found = Elements(plain), Elements(evil)
    assert {tag for tag, _ in found.found} <= {tag for tag, _ in expected.found}
    assert {name for _, each in found.found for name in each} <= {
        name for _, each in expected.found for name in each
    }
    assert "\x1b" not in evil
    assert any("<script>alert(1)</script>" in text for text in found.texts), "it is shown as what it is"


def test_the_page_needs_nothing_else_and_runs_nothing():
    text = page_of(story(*KNOWN))
    assert not re.search(r"<script|<link|<img|https?:|url\(|@import|\son\w+=|javascript:", text)
    assert "default-src 'none'" in text


def test_a_run_without_phases_and_one_that_took_no_time_have_a_page():
    assert "No host ran a phase." in page_of([{"event": "Journal", "cluster": "c"}])
    Elements(page_of(story("0 m1 @", "0 m1 a", "0 m1 a!", "0")))


def test_three_hundred_hosts_stay_a_page_of_a_few_megabytes():
    hosts = tuple(f"node-{n:03}" for n in range(300))
    lines = [f"1 {host} @" for host in hosts]
    for step, phase in enumerate("abcdefghij", 2):
        lines += [f"{step} {host} {phase}" for host in hosts] + [
            f"{step + 1} {host} {phase}!" for host in hosts
        ]
    text = page_of(story(*lines, hosts=hosts))
    assert len(text) < 2_000_000
    assert 'class="chart dense"' in text
