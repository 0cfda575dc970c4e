"""Scripts on stdin and marked output, against the local /bin/sh and random slicing."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sboot.ssh.script import Capped, MarkedStream, Markers, wrap


def through_sh(stdin: bytes) -> tuple[bytes, bytes]:
    done = subprocess.run(["/bin/sh", "-s"], input=stdin, capture_output=True, check=False, timeout=20)
    return done.stdout, done.stderr


def read(data: bytes, markers: Markers, *, slices: int = 7) -> MarkedStream:
    stream = MarkedStream(markers)
    for start in range(0, len(data), slices):
        stream.feed(data[start : start + slices])
    return stream


def test_output_and_status_of_a_script():
    markers = Markers.fresh()
    out, err = through_sh(wrap("echo out; echo err >&2; exit 9", markers))

    assert (read(out, markers).value(), read(out, markers).exit_status) == (b"out\n", 9)
    assert (read(err, markers).value(), read(err, markers).ended) == (b"err\n", True)


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9, 0.97])
def test_script_cut_short_runs_not_at_all(cut, tmp_path):
    markers = Markers.fresh()
    whole = wrap(f"touch {tmp_path}/begun\n" + "echo line\n" * 50, markers)
    out, _ = through_sh(whole[: int(len(whole) * cut)])

    assert not (tmp_path / "begun").exists()
    assert not read(out, markers).ended


def test_program_that_echoes_the_script_gives_no_result():
    markers = Markers.fresh()
    echoed = read(wrap("id -u", markers), markers)

    assert (echoed.begun, echoed.ended) == (False, False)


def test_markers_differ_from_run_to_run():
    assert Markers.fresh() != Markers.fresh()


@given(
    noise=st.binary(max_size=300),
    body=st.binary(max_size=300),
    status=st.integers(0, 255),
    slices=st.integers(1, 50),
)
def test_any_slicing_gives_the_same_reading(noise, body, status, slices):
    markers = Markers(b"<k8sboot:begin>", b"</k8sboot:end>")
    data = noise + markers.begin + body + markers.end + f" {status}\n".encode() + b"late"
    stream = read(data, markers, slices=slices)

    assert (stream.value(), stream.ended, stream.exit_status) == (body, True, status)


@given(st.lists(st.binary(max_size=30), max_size=10))
def test_followed_output_is_passed_on_at_once(chunks):
    markers, got = Markers(b"<k8sboot:begin>", b"</k8sboot:end>"), bytearray()
    stream = MarkedStream(markers, sink=got.extend)
    stream.feed(b"noise" + markers.begin)
    for number, chunk in enumerate(chunks, 1):
        stream.feed(chunk)
        sent = b"".join(chunks[:number])
        assert sent.startswith(got)
        assert markers.end.startswith(sent[len(got) :]), "held back, and no part of the end"
    stream.feed(markers.end + b" 0\n")
    assert (bytes(got), stream.exit_status) == (b"".join(chunks), 0)


def test_noise_is_kept_only_for_the_message():
    markers = Markers.fresh()
    stream = read(b"welcome\n" * 10_000 + b"last words\n", markers)

    assert not stream.begun
    assert stream.heard_before().endswith("last words")
    assert len(stream.heard_before()) < 3000


@given(st.lists(st.binary(max_size=40), max_size=40))
def test_capped_keeps_both_ends(chunks):
    capped = Capped(limit=20)
    for chunk in chunks:
        capped.add(chunk)
    whole = b"".join(chunks)
    kept = capped.value()

    assert kept == whole if len(whole) <= 20 else kept.startswith(whole[:10]) and kept.endswith(whole[-10:])
    assert len(kept) < 80
