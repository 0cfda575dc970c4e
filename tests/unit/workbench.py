"""A fake host to try single steps on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fake_host import FakeConnection

from k8sboot.events import Changed, Event
from k8sboot.host.host import Context, Host
from k8sboot.host.machine import Machine
from k8sboot.host.reads import Reads


class Bench:
    """A fake host to work on: run a step with it, then look at what was told and sent."""

    def __init__(self, **state: Any) -> None:
        self.connection = FakeConnection(**state)
        self.events: list[Event] = []
        self.reads = Reads()
        self.machine = Machine("h1", "192.0.2.1", "master", self.connection, self.reads)

    def host(self, *, is_dry: bool = False) -> Host:
        return Host(self.machine, Context(phase="test", emit=self.events.append, is_dry=is_dry))

    @property
    def changes(self) -> list[str]:
        return [event.what for event in self.events if isinstance(event, Changed)]

    @property
    def said(self) -> list[str]:
        """Codes of the notices."""
        return [code for event in self.events if (code := getattr(event, "code", ""))]

    def do(self, step: Callable[..., Any], *args: Any, is_dry: bool = False, **named: Any) -> list[str]:
        """Run a step as a later run would, with nothing remembered; the changes it made."""
        self.events.clear()
        self.connection.clear()
        self.machine = Machine("h1", "192.0.2.1", "master", self.connection, self.reads)
        step(self.host(is_dry=is_dry), *args, **named)
        return self.changes
