"""What a cure has to be: something to do, in commands and settings that exist."""

from __future__ import annotations

import dataclasses
import re
import shlex
import subprocess
import typing
from collections.abc import Iterator

import click

from k8sboot import explain
from k8sboot.cli.main import COMMANDS, cli
from k8sboot.inventory.model import Spec
from k8sboot.runbook import RESET_WITH_OS, UP

_VERBS = (
    "add allow approve ask change check choose clear comment configure correct create delete disable drain "
    "edit enable find fix free get give identify increase install join let look lower make mount move name "
    "open point pull put read reboot reinstall rejoin remove rename renew replace rerun reset restart restore retry "
    "run see set start stop switch take test try turn unmask upgrade use wait"
)
VERBS = set(_VERBS.split())
"""What an operator is told to do; a new one belongs here if it is one."""

_PROGRAMS = (
    "apt-cache apt-get apt-mark chronyc containerd crictl ctr curl df dmesg docker dpkg echo etcdctl fuser getent grep"
    " head hostnamectl iostat ip iptables journalctl k8sboot kubeadm kubectl modprobe mount ntpdate openssl ps"
    " restorecon rpm ss swapoff systemctl tail timedatectl timeout update-ca-certificates update-ca-trust vi yum"
    " yum-complete-transaction"
)
PROGRAMS = set(_PROGRAMS.split())
"""Of the host, and k8sboot. kubectl, docker and the like come with a cluster."""

SETTINGS = {"key", "proxy=", "Acquire::http::Proxy", "kubeProxy: {mode: iptables}", "cgroup_enable=memory"}
"""What stands in backticks and is no command: a line of a file that is named beside it."""

SECTIONS = {
    found.name: typing.get_type_hints(Spec)[found.name]
    for found in dataclasses.fields(Spec)
    if dataclasses.is_dataclass(typing.get_type_hints(Spec)[found.name])
}
PHASES = {phase.name for phase in (*UP, *RESET_WITH_OS)}


def faults_of(cure: str) -> list[str]:
    """What is wrong with a cure, in words; empty where an operator can act on it."""
    return [
        *_instruction(cure),
        *(f"a placeholder is left: {left}" for left in re.findall(r"\{\w*\}|\bNone\b|%s|@\w+@", cure)),
        *(fault for quoted in _quoted(cure) if quoted not in SETTINGS for fault in _command(quoted)),
        *_keys(cure),
    ]


def _quoted(cure: str) -> list[str]:
    return re.findall(r"`([^`]*)`", cure)


def _instruction(cure: str) -> Iterator[str]:
    """It begins with an imperative, where need be after a condition; and every backtick has its fellow."""
    if cure.count("`") % 2:
        yield "a backtick stands alone"
    first = re.sub(r"^if [^,]*, ", "", cure).partition(" ")[0]
    if first not in VERBS:
        yield f"{first!r} tells nobody what to do"


def _command(line: str) -> Iterator[str]:
    """A line that a shell understands, of programs that there are."""
    if subprocess.run(["/bin/sh", "-n", "-c", line], capture_output=True, check=False).returncode:
        yield f"no shell understands `{line}`"
        return
    for words in _simple_commands(line):
        if words[0] not in PROGRAMS:
            yield f"`{line}`: there is no {words[0]}"
        if words[0] == "k8sboot":
            yield from _own(words)


def _simple_commands(line: str) -> Iterator[list[str]]:
    """The words of each command of a line, of those in $(…), too; redirections are left out."""
    line = re.sub(r"(?<=\s)\d*[<>]+&?\s*[^\s;|&()]+", " ", line)
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";|&()")
    lexer.whitespace_split, lexer.commenters = True, ""
    found: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set(";|&()"):
            if found and found != ["$"]:
                yield found
            found = []
        else:
            found = [*found, word]


def _own(words: list[str]) -> Iterator[str]:
    """A command of ours, with its options and what it names."""
    if words[1] not in COMMANDS:
        yield f"k8sboot has no command {words[1]}"
        return
    command = cli.get_command(click.Context(cli), words[1])
    assert command is not None
    options = {option for parameter in command.params for option in parameter.opts}
    if isinstance(command, click.Group):
        options |= set(command.commands)
    yield from (f"k8sboot {words[1]} has no {w}" for w in words[2:] if w.startswith("-") and w not in options)
    if words[1] == "phase":
        yield from (f"there is no phase {word}" for word in words[2:] if word not in PHASES)
    if words[1] == "explain":
        yield from (f"nothing explains {word}" for word in words[2:] if word not in explain.entries())


def _keys(cure: str) -> Iterator[str]:
    """Keys of the inventory are its keys."""
    for section, key in re.findall(
        rf"(?<![\w./-])({'|'.join(SECTIONS)})\.([a-z]\w+)", re.sub("`[^`]*`", "", cure)
    ):
        snake = re.sub("([A-Z])", r"_\1", key).lower()
        if "_" in key or snake not in {field.name for field in dataclasses.fields(SECTIONS[section])}:
            yield f"the inventory has no {section}.{key}"
