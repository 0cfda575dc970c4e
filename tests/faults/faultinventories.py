"""How inventories are written that are to be read exactly as they are meant."""

from __future__ import annotations

from typing import Any

import yaml


class Quoted(str):
    """Text that is written in quotes, so that it is read as text."""


class Dumper(yaml.SafeDumper):
    """Writes inventories: without aliases, which they may not have."""

    def ignore_aliases(self, data: Any) -> bool:
        """All of them."""
        return True


Dumper.add_representer(
    Quoted, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)
