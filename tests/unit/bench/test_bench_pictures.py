"""The bench's pictures: well-formed, with every point, bar and name where it belongs."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from bench.pictures.curve import Axis, Line, curve
from bench.pictures.timeline import CRITICAL, PLAIN, timeline

SVG = "{http://www.w3.org/2000/svg}"


def test_axes_are_logarithmic() -> None:
    axis = Axis(1, 100, 0, 200)
    assert [axis.at(value) for value in (1, 10, 100)] == [0, 100, 200]
    assert axis.ticks() == [1, 2, 5, 10, 20, 50, 100]


def test_curve_has_a_point_for_each_number_of_hosts_of_each_contender() -> None:
    ours = Line("k8sboot", {1: [1.0, 2.0, 9.0], 300: [20.0]})
    drawn = ET.fromstring(curve("Facts", "hosts", "seconds", [ours, Line("<bare>", {1: [0.5], 300: [9.0]})]))
    titles = [title.text for title in drawn.iter(f"{SVG}title")]
    assert titles == [
        "k8sboot, 1 hosts: 2.00 s",
        "k8sboot, 300 hosts: 20.00 s",
        "<bare>, 1 hosts: 0.50 s",
        "<bare>, 300 hosts: 9.00 s",
    ]
    high, low = (float(dot.get("cy", "")) for dot in list(drawn.iter(f"{SVG}circle"))[1::2])
    assert high < low


def test_one_number_of_hosts_is_a_curve_too() -> None:
    ET.fromstring(curve("Facts", "hosts", "seconds", [Line("k8sboot", {1: [1.0]})]))


def bar(host: str, phase: str, begin: float, **more: object) -> dict[str, object]:
    return {
        "host": host, "phase": phase, "begin": begin, "seconds": 2.0, "result": "ok", "changes": 1,
        "isCritical": False, **more,
    }  # fmt: skip


def test_timeline_has_hosts_as_rows_and_marks_the_critical_path() -> None:
    run = {
        "seconds": 4.0,
        "bars": [
            bar("m1", "connect", 0.0),
            bar("m1", "kubeadm-init", 2.0, isCritical=True),
            bar("n1", "connect", 0.0),
            bar("n1", "join-nodes", 4.0, result="not started"),
        ],
    }
    drawn = ET.fromstring(timeline(run))
    boxes = [box for box in drawn.iter(f"{SVG}rect") if box.get("fill") in (PLAIN, CRITICAL)][1:]
    assert [box.get("fill") for box in boxes] == [PLAIN, CRITICAL, PLAIN]
    tops = [box.get("y") for box in boxes]
    assert tops[0] == tops[1] != tops[2]
    assert float(boxes[1].get("x", "")) == float(boxes[0].get("x", "")) + float(boxes[0].get("width", ""))
    words = [text.text for text in drawn.iter(f"{SVG}text")]
    assert {"m1", "n1", "kubeadm-init"} <= set(words)
    assert "join-nodes" not in words
