"""Fetches the secrets of an inventory: from the environment, a file, a command or a prompt.

A secret is one line; its trailing newline is removed. No message contains a secret or a command's stdout.
"""

from __future__ import annotations

import shlex
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from k8sboot.inventory.problems import Problems
from k8sboot.inventory.scalars import expand
from k8sboot.inventory.secret_source import SecretSource
from k8sboot.inventory.suggest import dotted
from k8sboot.secret import Secret

if TYPE_CHECKING:
    import subprocess

COMMAND_SECONDS = 30.0
_LARGEST = 64 * 1024
_ASKED = {
    "password": "SSH password",
    "sudoPassword": "sudo password",
    "passphrase": "passphrase of the SSH key",
}

Prompt = Callable[[str], str]


@dataclass(frozen=True)
class Surroundings:
    """Where secrets are fetched. folder: where relative files start. prompt: None without a terminal."""

    environ: Mapping[str, str]
    folder: Path
    prompt: Prompt | None
    command_seconds: float = COMMAND_SECONDS


class SecretError(Exception):
    """A secret could not be fetched. message and suggestion never contain it."""

    def __init__(self, message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.suggestion = suggestion


def resolve(
    sources: Sequence[SecretSource], around: Surroundings, problems: Problems
) -> dict[SecretSource, Secret]:
    """Fetch each secret once, in the order of the file; failures and loose file modes go to problems.

    Equal commands run once; each prompt asks, since equal prompts may mean different secrets.
    """
    fetched: dict[tuple[str, ...], Secret] = {}
    resolved: dict[SecretSource, Secret] = {}
    for source in sorted(sources, key=lambda each: (each.mark.line, each.mark.column)):
        try:
            known = fetched.get(source.words) if source.kind == "command" else None
            secret = known or _checked(_fetch(source, around, problems))
        except SecretError as error:
            message = f"`{dotted(source.path)}`: {error.message}"
            problems.error("KB-SECRET", message, source.mark, error.suggestion)
            continue
        resolved[source] = secret
        if source.kind == "command":
            fetched[source.words] = secret
    return resolved


def look_for(sources: Sequence[SecretSource], around: Surroundings, problems: Problems) -> None:
    """Check that each secret of the environment or a file is there; commands and prompts are not tried."""
    resolve([each for each in sources if each.kind in ("env", "file")], around, problems)


def _fetch(source: SecretSource, around: Surroundings, problems: Problems) -> str:
    if source.kind == "env":
        return _from_environment(source.words[0], around)
    if source.kind == "file":
        return _from_file(source, around, problems)
    if source.kind == "command":
        return _from_command(source.words, around)
    if source.kind == "prompt":
        return _from_prompt(source, around)
    return source.words[0]


def _from_environment(name: str, around: Surroundings) -> str:
    if name not in around.environ:
        raise SecretError(f"the environment variable {name} is not set", f"read -rs {name} && export {name}")
    return around.environ[name]


def _from_file(source: SecretSource, around: Surroundings, problems: Problems) -> str:
    path = expand(source.words[0], around.folder, around.environ)
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise SecretError(f"{path} is not a regular file")
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
        raise SecretError(
            f"cannot read {path}: {why}", "relative paths start at the inventory's directory"
        ) from None
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        message = f"{path} is readable by other users"
        problems.warning("KB-SECRET-MODE", message, source.mark, f"chmod 600 {shlex.quote(str(path))}")
    return _decoded(raw)


def _from_command(argv: tuple[str, ...], around: Surroundings) -> str:
    import subprocess  # late, as few inventories have commands

    shown = f"`{argv[0]}`"
    try:
        # stays in our process group: password managers ask on the controlling terminal
        with subprocess.Popen(  # argv is the user's own
            argv,
            cwd=around.folder,
            env=dict(around.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            stdout, stderr = _communicate(process, shown, around.command_seconds)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "not a command"
        raise SecretError(f"cannot run {shown}: {why}", "check that it is installed and in PATH") from None
    if process.returncode != 0:
        last = stderr[-2000:].decode("utf-8", "replace").strip().replace("\n", " / ")
        raise SecretError(
            f"{shown} exited with status {process.returncode}" + (f": {last}" if last else ""),
            "run it yourself",
        )
    return _decoded(stdout)


def _communicate(process: subprocess.Popen[bytes], shown: str, seconds: float) -> tuple[bytes, bytes]:
    import subprocess

    try:
        return process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        # its children may still hold the pipes: closing our ends is what keeps us from waiting for them
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()
        raise SecretError(
            f"{shown} timed out after {seconds:g} s", "check whether it waits for input"
        ) from None


def _from_prompt(source: SecretSource, around: Surroundings) -> str:
    if around.prompt is None:
        raise SecretError("cannot prompt: not a terminal", "use {env: NAME} or {file: PATH} instead")
    of_section = {"proxy": "proxy password", "runtime": "registry password"}
    asked = of_section.get(str(source.path[0])) or _ASKED.get(str(source.path[-1]), "secret")
    try:
        return around.prompt(f"{asked} ({dotted(source.path)})")
    except EOFError:
        raise SecretError("nothing was entered") from None


def _decoded(raw: bytes) -> str:
    if len(raw) > _LARGEST:
        raise SecretError("is longer than 64 KiB", "check the source: a secret is a single line")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise SecretError("is not UTF-8") from None


def _checked(text: str) -> Secret:
    bare = text.removesuffix("\n").removesuffix("\r")
    if not bare:
        raise SecretError("is empty")
    if any(character in bare for character in "\n\r\0"):
        raise SecretError("has more than one line", "keep only the secret in the file or output")
    return Secret(bare)
