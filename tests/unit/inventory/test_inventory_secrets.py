"""Where secrets come from, and what is said when they do not come."""

from __future__ import annotations

import pytest

from k8sboot.inventory.problems import Problems
from k8sboot.inventory.secret_source import SecretSource
from k8sboot.inventory.secrets import Surroundings, resolve
from k8sboot.inventory.source import Mark, SourceFile


def password(inventory, said: str, **options) -> str:
    return inventory(f"ssh: {{password: {said}}}\n", **options).spec.masters[0].ssh.password.reveal()


def test_a_secret_of_the_environment(inventory):
    assert password(inventory, "{env: PW}", environ={"PW": "s3 cret"}) == "s3 cret"


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_secret_of_a_file_loses_its_newline(inventory, tmp_path, ending):
    (tmp_path / "pw").touch(mode=0o600)
    (tmp_path / "pw").write_bytes(b" s3cret " + ending.encode())
    assert password(inventory, "{file: pw}") == " s3cret "


def test_a_file_that_others_may_read_is_warned_about(problems, tmp_path):
    (tmp_path / "pw").write_text("s3cret")
    (tmp_path / "pw").chmod(0o644)
    found = problems("ssh: {password: {file: pw}}\n")
    assert [(each.code, each.is_warning) for each in found] == [("KB-SECRET-MODE", True)]
    assert found[0].suggestion == f"chmod 600 {tmp_path / 'pw'}"


def test_a_secret_of_a_command_gets_the_words_as_written(inventory):
    assert password(inventory, "{command: [/bin/echo, 'a  b', '${X}$$']}") == "a  b ${X}$$"


def test_a_literal_secret_works_and_is_warned_about(inventory):
    loaded = inventory("ssh: {password: s3cret}\n")
    assert loaded.spec.masters[0].ssh.password.reveal() == "s3cret"
    assert [each.code for each in loaded.warnings] == ["KB-SECRET-LITERAL"]


def test_a_literal_with_two_dollars_is_told_how_they_were_read(inventory):
    loaded = inventory("ssh: {password: 'Pa$$word'}\n")
    assert loaded.spec.masters[0].ssh.password.reveal() == "Pa$word"
    assert "$$$$" in loaded.warnings[0].suggestion


def test_a_secret_from_a_variable_is_no_literal(inventory):
    loaded = inventory("ssh: {password: '${PW}'}\n", environ={"PW": "s3cret"})
    assert loaded.spec.masters[0].ssh.password.reveal() == "s3cret"
    assert loaded.warnings == ()


def test_a_prompt_for_all_hosts_asks_once_and_one_of_a_host_asks_again(inventory):
    asked = []

    def prompt(question: str) -> str:
        asked.append(question)
        return f"answer{len(asked)}"

    loaded = inventory(
        "ssh: {sudoPassword: {prompt: true}}\n"
        "masters: [{name: m1, address: 10.0.0.1}, {name: m2, address: 10.0.0.2}]\n"
        "nodes: [{name: n1, address: 10.0.0.3, ssh: {sudoPassword: {prompt: true}}}]\n",
        prompt=prompt,
    )
    assert asked == ["sudo password (ssh.sudoPassword)", "sudo password (nodes[0].ssh.sudoPassword)"]
    answers = [host.ssh.sudo_password.reveal() for host in loaded.spec.hosts]
    assert answers == ["answer1", "answer1", "answer2"]


def test_equal_commands_run_once(inventory, tmp_path):
    count = f"{{command: [sh, -c, 'echo x >>{tmp_path}/ran; wc -l <{tmp_path}/ran']}}"
    loaded = inventory(
        f"ssh: {{password: {count}, sudoPassword: {count}}}\n", environ={"PATH": "/usr/bin:/bin"}
    )
    assert loaded.spec.masters[0].ssh.password == loaded.spec.masters[0].ssh.sudo_password


def test_nobody_is_asked_while_the_inventory_has_other_errors(problems):
    found = problems("ssh: {password: {prompt: true}, x: 1}\n", prompt=lambda question: pytest.fail(question))
    assert [each.code for each in found] == ["KB-UNKNOWN-KEY"]


def test_unresolved_secrets_stay_none_and_touch_nothing(inventory):
    loaded = inventory(
        "ssh: {password: {command: [false]}, passphrase: {file: missing}, sudoPassword: {env: NOPE}}\n",
        resolve_secrets=False,
    )
    ssh = loaded.spec.masters[0].ssh
    assert (ssh.password, ssh.passphrase, ssh.sudo_password) == (None, None, None)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("{env: NOPE}", "NOPE is not set"),
        ("{env: EMPTY}", "is empty"),
        ("{env: TWO}", "more than one line"),
        ("{file: missing}", "No such file"),
        ("{file: .}", "not a regular file"),
        ("{file: /dev/zero}", "not a regular file"),
        ("{file: binary}", "not UTF-8"),
        ("{file: large}", "longer than"),
        ("{command: [./leak]}", "exited with status 3: wrong"),
        ("{command: [k8sboot-no-such-command]}", "cannot run"),
        ("{command: [\"a\\0b\"]}", "cannot run"),
        ("{command: [/bin/true]}", "is empty"),
        ("{prompt: true}", "cannot prompt"),
    ],
)  # fmt: skip
def test_a_secret_that_does_not_come_is_told_at_its_place(problems, tmp_path, said, named):
    for name, raw in (("binary", b"\xff\xfe"), ("large", b"x" * 70_000)):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_bytes(raw)
    (tmp_path / "leak").touch(mode=0o700)
    (tmp_path / "leak").write_text("#!/bin/sh\necho wrong >&2; echo t0psecret; exit 3\n")
    found = problems(f"ssh: {{password: {said}}}\n", environ={"EMPTY": "", "TWO": "a\nb"})
    assert [(each.code, each.line, each.column) for each in found] == [("KB-SECRET", 1, 17)]
    assert named in found[0].message
    assert "t0psecret" not in repr(found)


def test_a_prompt_that_gets_no_answer_is_a_problem(problems):
    def prompt(question: str) -> str:
        raise EOFError

    assert [each.code for each in problems("ssh: {password: {prompt: true}}\n", prompt=prompt)] == [
        "KB-SECRET"
    ]


@pytest.mark.parametrize(
    "said",
    ["{}", "{env: X, file: Y}", "{envv: X}", "{command: 'a b'}", "{command: []}", "{command: [[a]]}",
     "{command: ['']}", "{prompt: false}", "{env: }", "{env: [X]}", "[x]"],
)  # fmt: skip
def test_a_malformed_source_is_refused_before_anything_is_fetched(problems, said):
    found = problems(f"ssh: {{password: {said}}}\n", prompt=lambda question: pytest.fail(question))
    assert [each.code for each in found] in (["KB-KIND"], ["KB-VALUE"], ["KB-UNKNOWN-KEY"])


def test_a_command_that_hangs_ends_at_its_deadline_even_if_its_children_live_on(tmp_path):
    problems = Problems(SourceFile("x", "", b"", ()))
    command = ("/bin/sh", "-c", f"(sleep 20; touch {tmp_path}/ended) & wait")
    source = SecretSource("command", command, ("ssh", "password"), Mark(1, 1))
    around = Surroundings({"PATH": "/usr/bin:/bin"}, tmp_path, None, command_seconds=0.2)
    assert resolve([source], around, problems) == {}
    assert not (tmp_path / "ended").exists()  # the child, which still holds the pipes, was not waited for
    with pytest.raises(Exception, match="1 problem") as caught:
        problems.raise_errors()
    assert "0.2 s" in caught.value.problems[0].message


def test_a_check_finds_secrets_that_are_not_there_and_asks_for_none(problems, tmp_path):
    (tmp_path / "ok").write_text("s3cret\n")
    (tmp_path / "ok").chmod(0o600)
    text = (
        "ssh:\n  password: {env: NOPE}\n  passphrase: {file: missing}\n"
        f"  sudoPassword: {{command: [touch, {tmp_path}/ran]}}\n"
    )
    found = problems(text, resolve_secrets=False, look_for_secrets=True)
    assert [(each.code, each.line) for each in found] == [("KB-SECRET", 2), ("KB-SECRET", 3)]
    assert not (tmp_path / "ran").exists()
    assert problems("ssh: {passphrase: {file: ok}}\n", resolve_secrets=False, look_for_secrets=True) == []
