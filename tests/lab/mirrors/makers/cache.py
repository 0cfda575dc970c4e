"""A cache of build products, each keyed by what it is made from.

A product is a directory.  Its name carries a hash of its inputs, so a changed
script or package makes a new product and an unchanged one is found in no time.
A product appears by rename only: an interrupted build leaves nothing that
could be taken for a finished one.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

KEEP_UNUSED_SECONDS = 7 * 24 * 3600
_STARTED = time.monotonic()


def default_root() -> Path:
    """Where the lab keeps build products unless told otherwise."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "k8sboot-lab"


def say(message: str) -> None:
    """One line of progress with the time since the start."""
    print(f"[{time.monotonic() - _STARTED:6.1f}s] {message}", flush=True)


def fingerprint(*inputs: object) -> str:
    """A short hash of inputs: a Path counts by its content, all else by its text."""
    digest = hashlib.sha256()
    for item in inputs:
        for part in _parts(item):
            digest.update(str(len(part)).encode() + b":" + part)
    return digest.hexdigest()[:16]


def _parts(item: object) -> Iterator[bytes]:
    if isinstance(item, Path) and item.is_dir():
        for path in sorted(p for p in item.rglob("*") if p.is_file()):
            if "__pycache__" not in path.parts:
                yield str(path.relative_to(item)).encode()
                yield path.read_bytes()
    elif isinstance(item, Path):
        yield item.name.encode()
        yield item.read_bytes()
    else:
        yield str(item).encode()


class Cache:
    """The products under one directory, built one at a time under a lock.

    A version has a lock of its own: a build of half an hour keeps no lab of another version waiting.
    """

    def __init__(self, root: Path, version: str = "") -> None:
        self.root = root.absolute()
        self.suffix = f"-{version}" if version else ""
        self.products = self.root / "products"
        self.products.mkdir(parents=True, exist_ok=True)
        self._used: set[str] = set()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Let one build at a time work here: two labs may ask at once."""
        with (self.root / f"mirrors{self.suffix}.lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("another build works in this cache: waiting for it")
                fcntl.flock(handle, fcntl.LOCK_EX)
            for left in self.products.glob(f".*.part{self.suffix}"):
                shutil.rmtree(left)
            yield

    @contextlib.contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Keep builds of other versions from making the same product meanwhile."""
        with (self.root / f"{name}.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def product(self, name: str, key: str, make: Callable[[Path], None]) -> Path:
        """The product's directory, made by make(directory) when not there yet."""
        final = self.products / f"{name}-{key}"
        self._used.add(final.name)
        if final.is_dir():
            os.utime(final)  # another minor's build does not forget it
            return final
        say(f"{name}: making it")
        part = self.products / f".{name}-{key}.part{self.suffix}"
        part.mkdir()
        make(part)
        os.utime(part)  # a copied tree has its source's time, by which another build would forget it at once
        with contextlib.suppress(OSError):  # another version's build was faster
            part.rename(final)
        shutil.rmtree(part, ignore_errors=True)
        say(f"{name}: done")
        return final

    def forget_old(self) -> None:
        """Remove products that this build did not use and that are days old.

        Younger ones stay: a lab that runs may be serving them.
        """
        limit = time.time() - KEEP_UNUSED_SECONDS
        for path in self.products.iterdir():
            if path.name not in self._used and path.stat().st_mtime < limit:
                shutil.rmtree(path, ignore_errors=True)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """A directory for what a build leaves behind; gone after it."""
        directory = self.products / f".scratch-{os.getpid()}-{time.monotonic_ns()}.part{self.suffix}"
        directory.mkdir()
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)
