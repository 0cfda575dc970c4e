"""What an inventory does on the operator's own machine, in words."""

from __future__ import annotations

from collections.abc import Iterator

from k8sboot.inventory.load import Loaded
from k8sboot.ssh.config_commands import commands_in, in_use
from k8sboot.text.sanitize import safe_line


def effect_lines(loaded: Loaded) -> Iterator[str]:
    """A line for each command, file and variable of this machine that a run with this inventory uses."""
    for effect in loaded.effects:
        yield safe_line(f"{effect.does} {effect.what}{f' ({effect.key})' if effect.key else ''}")
    for config in dict.fromkeys(host.ssh.config_file for host in loaded.spec.hosts):
        lines = [
            (file, line) for file in in_use(config) for line in commands_in(file, with_includes=bool(config))
        ]
        for file, (number, text) in lines:
            yield safe_line(f"runs what {file}:{number} says, for the hosts that it matches: {text}")
