"""What is noted of files, and read again, run for real in a folder of the test."""

from __future__ import annotations

from pathlib import Path

from noted_place import IN_SHELLS

from k8sboot.host.originals import PriorState, file_with
from k8sboot.secret import Secret


@IN_SHELLS
def test_files_are_known_by_what_was_and_by_all_that_was_put_there(place, shell):
    hosts = place.etc / "with space"
    hosts.write_text("the operator's")
    place.put(shell, place.file("with space", "one", readers=("a.service", "b.service")))
    place.put(shell, place.file("with space", "two"), place.file("new/folder/f", "x"))
    found = {Path(f.path).name: f for f in place.notes(shell).files}
    kept, made = found["with space"], found["f"]
    assert kept.path == str(hosts)
    assert kept.is_whole
    assert kept.now in kept.ours
    assert len(kept.ours) == 2
    assert kept.readers == ("a.service", "b.service")
    assert place.at(kept.copy).read_text() == "two"
    assert (made.was, made.made, made.is_whole) == ("absent", f"{place.etc}/new", True)
    hosts.write_text("edited")
    place.at(kept.original).write_text("damaged")
    now = next(f for f in place.notes(shell).files if f.path == str(hosts))
    assert now.now not in now.ours
    assert not now.is_whole
    assert now.was == kept.was
    place.put(shell, place.file("secret", Secret("hunter2"), mode=0o600))
    assert not [p for p in place.state.rglob("*") if p.is_file() and "hunter2" in p.read_text()]
    hosts.unlink()
    hosts.mkdir()
    assert next(f for f in place.notes(shell).files if f.path == str(hosts)).now == "other"


@IN_SHELLS
def test_a_link_that_a_tool_replaces_is_kept_as_a_link(place, shell):
    (place.root / "Rome").write_text("tz of Rome")
    (place.root / "Oslo").write_text("tz of Oslo")
    link, name = place.etc / "localtime", place.etc / "timezone"
    link.symlink_to("../Rome")
    states = (file_with(str(link), "../Oslo\n"), file_with(str(name), "Oslo\n"))
    assert place.note(shell, *states) == "done"
    link.unlink()
    link.symlink_to("../Oslo")
    assert place.note(shell, *states) == "done"
    kept, beside = place.notes(shell).files
    assert place.at(kept.original).is_symlink()
    assert str(place.at(kept.original).readlink()) == "../Rome"
    assert kept.now in kept.ours
    assert kept.was != kept.now
    assert kept.is_whole
    assert (beside.was, beside.now) == ("absent", "absent")
    (place.root / "Oslo").write_text("a newer tz of Oslo")
    assert place.notes(shell).files[0].now in kept.ours, "where it leads to has changed, the link has not"


@IN_SHELLS
def test_a_name_may_be_whatever_a_file_can_be_called(place, shell):
    path = f'{place.etc}/it\'s "odd" $(x) é'
    Path(path).write_text("x")
    assert place.note(shell, PriorState("file", path)) == "done"
    assert [f.path for f in place.notes(shell).files] == [path]
