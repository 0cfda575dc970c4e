"""Where the lines that note what was are run."""

from __future__ import annotations

from pathlib import Path

import pytest
from noted_place import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A host in a folder of the test."""
    return Place(tmp_path)
