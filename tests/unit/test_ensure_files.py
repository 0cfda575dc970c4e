from __future__ import annotations

import pytest
from fake_state import FakeFile, FakeUnit
from hypothesis import given
from hypothesis import strategies as st

from k8sboot import ensure
from k8sboot.ensure.files import with_block
from k8sboot.errors import StepFailed
from k8sboot.host.files import File
from k8sboot.paths import RESTART_DIR
from k8sboot.secret import Secret

PATH = "/etc/thing.conf"


def test_a_file_with_the_same_content_is_left_alone(bench):
    it = bench(files={PATH: "a = 1\n"})
    assert it.do(ensure.file, PATH, "a = 1\n") == []
    assert it.connection.runs == ["probe", "probe"], "once for the facts, once for the undeclared file"
    assert it.connection.mutations == []


@pytest.mark.parametrize(
    "before",
    [
        None,
        FakeFile(b"a = 2\n"),
        FakeFile(b"a = 1"),
        FakeFile(b"a = 1\n", mode=0o600),
        FakeFile(b"a = 1\n", owner="app:app"),
        FakeFile(b"\xff\xfe"),
        FakeFile(b"x" * 100_000),
    ],
    ids=["absent", "other content", "no newline", "other mode", "other owner", "binary", "large"],
)
def test_a_file_that_differs_is_written_once(bench, before):
    it = bench(files={PATH: before} if before else {})
    assert it.do(ensure.file, PATH, "a = 1\n") == [f"write {PATH}"]
    assert it.connection.files[PATH] == FakeFile(b"a = 1\n")
    assert it.connection.originals == {PATH: before}
    assert it.do(ensure.file, PATH, "a = 1\n") == []


def test_a_dry_run_writes_nothing_and_shows_the_difference(bench):
    it = bench(files={PATH: "a = 2\n"})
    assert it.do(ensure.file, PATH, "a = 1\n", is_dry=True) == [f"write {PATH}"]
    assert it.connection.mutations == []
    assert "-a = 2\n+a = 1\n" in it.events[0].diff
    assert it.events[0].is_dry


def test_files_that_differ_travel_in_one_round_trip(bench):
    it = bench(files={"/etc/b": "b"})
    files = (File("/etc/a", "a"), File("/etc/b", "b"), File("/etc/c", "c", mode=0o600))
    assert it.do(ensure.files, *files) == ["write /etc/a, /etc/c"]
    assert it.connection.runs.count("write") == 1
    assert it.connection.files["/etc/c"].mode == 0o600


def test_a_secret_file_shows_no_content(bench):
    it = bench(files={PATH: "old-hunter1"})
    it.do(ensure.file, PATH, Secret("hunter2"), mode=0o600)
    assert it.connection.text(PATH) == "hunter2"
    assert "hunter" not in repr(it.events)


def test_a_running_unit_is_marked_for_a_restart_and_a_stopped_one_is_not(bench):
    it = bench(units={"on.service": FakeUnit("active"), "off.service": FakeUnit("failed")})
    it.do(ensure.file, PATH, "new", restarts=("on.service", "off.service", "no.service"))
    marks = [path for path in it.connection.files if path.startswith(RESTART_DIR)]
    assert marks == [f"{RESTART_DIR}/on.service"]


def test_a_folder_in_a_files_place_is_told(bench):
    it = bench(not_files={PATH})
    with pytest.raises(StepFailed, match="not a regular file"):
        it.do(ensure.file, PATH, "x")


def test_absent_files_are_removed_and_missing_ones_are_fine(bench):
    it = bench(files={PATH: "x"})
    assert it.do(ensure.absent, PATH, "/etc/other") == [f"remove {PATH}"]
    assert PATH not in it.connection.files
    assert it.do(ensure.absent, PATH, "/etc/other") == []


def test_a_folder_of_another_owner_is_made_anew(bench):
    it = bench(directories={"/home/a/.kube": "root:root"})
    step = {"owner": "a:a", "mode": 0o750}
    assert it.do(ensure.directory, "/home/a/.kube", **step) == ["create directory /home/a/.kube"]
    assert it.connection.commands[-1] == "install -d -o a -g a -m 0750 /home/a/.kube"
    assert it.do(ensure.directory, "/home/a/.kube", **step) == []


HOSTS = "127.0.0.1 localhost\n# mine\t\n10.9.9.9 printer  # keep\n"
OURS = "10.0.0.1 m1\n10.0.0.2 n1\n"
BLOCK = f"# k8sboot cluster begin\n{OURS}# k8sboot cluster end\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (HOSTS, HOSTS + BLOCK),
        ("", BLOCK),
        ("last line without newline", "last line without newline\n" + BLOCK),
        (
            "a\n# k8sboot cluster begin\nold\n# k8sboot cluster end\nb\n",
            f"a\n{BLOCK}b\n",
        ),
        (f"a\n{BLOCK}b\n{BLOCK}c\n", f"a\n{BLOCK}b\nc\n"),
        ("a\r\nb\r\n", "a\r\nb\r\n" + BLOCK),
        ("a\x0cb\x1cc\u2028d\n", "a\x0cb\x1cc\u2028d\n" + BLOCK),
        (
            "# k8sboot other begin\nx\n# k8sboot other end\n",
            f"# k8sboot other begin\nx\n# k8sboot other end\n{BLOCK}",
        ),
    ],
    ids=[
        "added",
        "empty file",
        "no newline",
        "replaced in place",
        "twice there",
        "CRLF",
        "odd breaks",
        "others'",
    ],
)
def test_a_block_stands_once_and_foreign_lines_stay(bench, before, after):
    it = bench(files={"/etc/hosts": before})
    assert it.do(ensure.block, "/etc/hosts", OURS, name="cluster") == ["write /etc/hosts"]
    assert it.connection.text("/etc/hosts") == after
    assert it.do(ensure.block, "/etc/hosts", OURS, name="cluster") == []


def test_bytes_of_no_encoding_survive_beside_a_block(bench):
    it = bench(files={"/etc/hosts": FakeFile(b"10.0.0.9 b\xfccher # \xe9\n", mode=0o640, owner="root:adm")})
    it.do(ensure.block, "/etc/hosts", OURS, name="cluster")
    found = it.connection.files["/etc/hosts"]
    assert found.content == b"10.0.0.9 b\xfccher # \xe9\n" + BLOCK.encode()
    assert (found.mode, found.owner) == (0o640, "root:adm")


def test_a_block_that_lost_its_end_takes_nothing_with_it():
    torn = "a\n# k8sboot cluster begin\n10.0.0.1 m1\nmine\n"
    assert with_block(torn, OURS, name="cluster") == f"a\n{BLOCK}10.0.0.1 m1\nmine\n"


def test_a_torn_block_before_a_whole_one_keeps_the_lines_between():
    torn = f"# k8sboot cluster begin\nmine\n{BLOCK}b\n"
    assert with_block(torn, OURS, name="cluster") == f"{BLOCK}mine\nb\n"


def test_an_empty_block_leaves():
    assert with_block(f"a\n{BLOCK}b\n", "", name="cluster") == "a\nb\n"
    assert with_block("a\nno newline", "", name="cluster") == "a\nno newline"


LINES = st.lists(
    st.sampled_from(["a", "", " b", "# k8sboot cluster begin", "# k8sboot cluster end", "x\ty", "é"])
)


@given(LINES, st.booleans())
def test_a_block_put_twice_is_a_block_put_once(lines, ends):
    text = "\n".join(lines) + ("\n" if ends else "")
    once = with_block(text, OURS, name="cluster")
    assert with_block(once, OURS, name="cluster") == once
    assert once.count(BLOCK) == 1
