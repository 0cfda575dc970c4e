"""Layers of images: tar archives put together from files of this machine.

The archives come out the same for the same content: nothing in them depends on
when or where they were made.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import shutil
import subprocess
import tarfile
from pathlib import Path


class Layer:
    """The files of one layer: path inside -> file, link target or directory."""

    def __init__(self) -> None:
        self.files: dict[str, Path] = {}
        self.links: dict[str, str] = {}
        self.directories: dict[str, tuple[int, int]] = {}

    def file(self, inside: str, source: Path | str) -> None:
        """Put the content of a file, or of what a link leads to, at a path."""
        self.files[inside.lstrip("/")] = Path(source).resolve()

    def link(self, inside: str, target: str) -> None:
        """Put a symbolic link at a path."""
        self.links[inside.lstrip("/")] = target

    def directory(self, inside: str, mode: int = 0o755, owner: int = 0) -> None:
        """Put an empty directory at a path."""
        self.directories[inside.lstrip("/")] = (mode, owner)

    def program(self, inside: str, source: Path | str) -> None:
        """Put a program at a path, and the libraries it needs where it looks."""
        self.file(inside, source)
        for library in libraries(Path(source)):
            self.file(library, library)

    def every(self, pattern: str) -> None:
        """Put every file that matches a pattern below /, plugins say, at its own path."""
        for path in sorted(Path("/").glob(pattern)):
            if path.is_symlink():
                self.link(str(path), str(path.readlink()))
            else:
                self.program(str(path), path)

    def tree(self, root: Path, without: tuple[str, ...] = ()) -> None:
        """Put every file of a root file system at its path in it, except below some directories."""
        for path in sorted(root.rglob("*")):
            inside = str(path.relative_to(root))
            if inside.startswith(without):
                continue
            if path.is_symlink():
                self.link(inside, str(path.readlink()))
            elif path.is_dir():
                self.directory(inside)
            elif path.is_file():
                self.file(inside, path)

    def pack(self, out: Path) -> tuple[str, str]:
        """Write the layer, compressed; its digest and that of the bare archive."""
        bare = out.with_suffix(".tar")
        with tarfile.open(bare, "w", format=tarfile.PAX_FORMAT) as archive:
            self._add_all(archive)
        with (
            bare.open("rb") as source,
            out.open("wb") as raw,
            gzip.GzipFile("", "wb", 1, raw, mtime=0) as packed,
        ):
            shutil.copyfileobj(source, packed, 1 << 20)
        digests = digest_of(out), digest_of(bare)
        bare.unlink()
        return digests

    def _add_all(self, archive: tarfile.TarFile) -> None:
        directories = dict(self.directories)
        for path in [*self.files, *self.links, *self.directories]:
            for parent in Path(path).parents:
                if str(parent) != ".":
                    directories.setdefault(str(parent), (0o755, 0))
        for path, (mode, owner) in sorted(directories.items()):
            entry = _entry(path, tarfile.DIRTYPE, mode)
            entry.uid = entry.gid = owner
            archive.addfile(entry)
        for path, target in sorted(self.links.items()):
            entry = _entry(path, tarfile.SYMTYPE, 0o777)
            entry.linkname = target
            archive.addfile(entry)
        for path, source in sorted(self.files.items()):
            executable = source.stat().st_mode & 0o111 or ".so" in source.name
            entry = _entry(path, tarfile.REGTYPE, 0o755 if executable else 0o644)
            content = source.read_bytes()
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def _entry(path: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.type, entry.mode = kind, mode
    return entry


def libraries(program: Path) -> list[str]:
    """The shared libraries that ldd names, none for a static program."""
    done = subprocess.run(["ldd", str(program)], capture_output=True, text=True)
    if done.returncode:
        return []
    return re.findall(r"(/\S+) \(0x", done.stdout)


def digest_of(path: Path) -> str:
    """A file's digest as registries write it."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
    return "sha256:" + digest.hexdigest()
