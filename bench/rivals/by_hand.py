"""What by_hand.sh needs to know, written for it from hosts that k8sboot has made a cluster of."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

from bench import lab
from bench.places import BENCH
from bench.recipe import Recipe

SCRIPT = BENCH / "rivals" / "by_hand.sh"


def know(recipes: Sequence[Recipe], folder: Path) -> None:
    """Write each host's files, packages, images and password."""
    for recipe in recipes:
        own = folder / recipe.name
        own.mkdir(parents=True, exist_ok=True)
        _pack(recipe, own / "files.tar")
        (own / "packages").write_text(" ".join(recipe.packages))
        (own / "held").write_text(" ".join(recipe.held))
        (own / "images").write_text(" ".join(_images(recipe.name)))
        (own / "password").touch(mode=0o600)
        (own / "password").write_text(f"{recipe.password}\n" if recipe.password else "")


def command(recipes: Sequence[Recipe], ssh_config: Path, folder: Path) -> list[str]:
    """The script's command line."""
    return ["bash", str(SCRIPT), str(ssh_config), str(folder), *(recipe.name for recipe in recipes)]


def _images(host: str) -> list[str]:
    """Names with tags of what the host's runtime has."""
    rows = (line.split() for line in lab.inside(host, "crictl", "images").splitlines()[1:])
    return [f"{row[0]}:{row[1]}" for row in rows if row[1] != "<none>"]


def _pack(recipe: Recipe, path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        for copied in recipe.files:
            data = Path(copied.source).read_bytes()
            member = tarfile.TarInfo(copied.path.lstrip("/"))
            member.size, member.mode = len(data), int(copied.mode, 8)
            archive.addfile(member, io.BytesIO(data))
        zone = tarfile.TarInfo("etc/localtime")
        zone.type, zone.linkname = tarfile.SYMTYPE, recipe.timezone
        archive.addfile(zone)
