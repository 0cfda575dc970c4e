"""What `ssh -G` says of a target. It is asked once for hosts that the ssh_config cannot tell apart."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from k8sboot.errors import ConnectError
from k8sboot.ssh.config_scope import READ, is_plain, scope_of
from k8sboot.ssh.target import Target

ASK_TIMEOUT = 30

Settings = Mapping[str, list[str]]


def settings_of(target: Target) -> tuple[Settings, tuple[str, ...]]:
    """keyword -> values, and notices; empty when ssh_config is off or ssh is missing. Raises ConnectError."""
    if target.config_file == "none":
        return {}, ()
    if shutil.which("ssh") is None:
        given = target.config_file or "~/.ssh/config"
        if not Path(given).expanduser().exists():
            return {}, ()
        return {}, (f"{given} is ignored: reading it requires the `ssh` program, which is not installed",)
    return _shared(target) or _ask(target), ()


@dataclass
class _Shared:
    """An answer for many. settings: None while it was not asked, and where it is of one host."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    is_asked: bool = False
    settings: Settings | None = None


_answers: dict[tuple[object, ...], _Shared] = {}
_answers_lock = threading.Lock()


def _shared(target: Target) -> Settings | None:
    """The answer for all hosts of its kind, with this target's address in it; None where it has to be asked itself."""
    scope = scope_of(target.config_file)
    if scope is None or scope.names(target.address) or not is_plain(target.address):
        return None
    with _answers_lock:
        shared = _answers.setdefault((scope, target.config_file, target.user, target.port), _Shared())
    with shared.lock:
        if not shared.is_asked:
            shared.is_asked = True  # also where it fails: each then asks for itself, all at once
            shared.settings = _of_all(_ask(target), target.address)
    if shared.settings is None:
        return None
    return {**shared.settings, "hostname": [target.address]}


def _of_all(settings: Settings, address: str) -> Settings | None:
    """What k8sboot reads, without the address; None if more is of one host: a name for all, or jumps over itself."""
    others = {keyword: settings[keyword] for keyword in READ - {"hostname"} if keyword in settings}
    is_in_others = any(address in value for values in others.values() for value in values)
    is_own = settings.get("hostname") != [address] or "proxyjump" in settings
    return None if is_own or is_in_others else others


def _ask(target: Target) -> Settings:
    try:
        done = subprocess.run(
            _question(target), capture_output=True, text=True, check=False, timeout=ASK_TIMEOUT
        )
        problem = done.stderr.strip()[-300:] if done.returncode != 0 else ""
    except subprocess.TimeoutExpired:
        problem = f"`ssh -G` did not finish within {ASK_TIMEOUT} s: a `Match exec` in it hangs"
    if problem:
        raise ConnectError(
            "cannot read ssh_config",
            why=problem,
            fix="correct the file, or set `configFile: none` in the inventory's `ssh` section",
            host=target.name,
        )
    return parse(done.stdout)


def _question(target: Target) -> list[str]:
    words = ["ssh", "-G"]
    words += ["-F", str(Path(target.config_file).expanduser())] if target.config_file else []
    words += ["-l", target.user] if target.user else []
    words += ["-p", str(target.port)] if target.port else []
    return [*words, "--", target.address]


def parse(text: str) -> Settings:
    """keyword -> values, from the output of `ssh -G`."""
    settings: dict[str, list[str]] = defaultdict(list)
    for line in text.splitlines():
        keyword, _, value = line.partition(" ")
        settings[keyword.lower()].append(value.strip())
    return dict(settings)
