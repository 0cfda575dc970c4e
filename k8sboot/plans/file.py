"""Plans in files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NoReturn

from k8sboot.errors import K8sbootError, UsageError
from k8sboot.plans.document import FORMAT, VERSION, Document
from k8sboot.plans.reading import from_json, no_key_twice
from k8sboot.text.json_text import bounded
from k8sboot.text.write_file import write_whole


def write_plan(path: str, plan: Document) -> str:
    """Write a plan whole or not at all, for its user alone (0600); its SHA-256. K8sbootError when that fails."""
    data = (json.dumps(plan.as_json(), indent=1) + "\n").encode()
    try:
        write_whole(Path(path), data)
    except OSError as error:
        raise K8sbootError(
            f"cannot write the plan to {path}",
            why=error.strerror or str(error),
            fix="name another file with --out",
            code="KB-PLAN-FILE",
        ) from error
    return hashlib.sha256(data).hexdigest()


LARGEST = 64 * 1024 * 1024
"""Bytes. A plan of hundreds of hosts has a few."""


def read_plan(path: str, *, sha256: str = "") -> Document:
    """The plan in a file. UsageError where there is none, one that this version does not support, or another.

    sha256: in hexadecimal, what the file has to have.
    """
    try:
        with Path(path).open("rb") as file:
            read = file.read(LARGEST + 1)
    except OSError as error:
        _refuse(f"cannot read a plan from {path}", error.strerror or str(error))
    if len(read) > LARGEST:
        _refuse(f"{path} is not a plan of k8sboot", f"it is larger than {LARGEST >> 20} MiB")
    found = hashlib.sha256(read).hexdigest()
    if sha256 and found != sha256.lower():
        _refuse(f"{path} is not the plan that --sha256 names", f"its SHA-256 is {found}, not {sha256}")
    return _parsed(path, read)


def _parsed(path: str, read: bytes) -> Document:
    try:
        data = bounded(json.loads(read, object_pairs_hook=no_key_twice), is_unicode=False)
    except (ValueError, RecursionError) as error:
        _refuse(f"{path} is not a plan of k8sboot", f"it is not JSON of k8sboot: {error}")
    try:
        if data.get("version") != VERSION and data["format"] == FORMAT:
            _refuse(
                f"{path} is a plan in an unsupported version of the format",
                f"it is version {data.get('version')}, by k8sboot {data.get('k8sboot')}; supported is {VERSION}",
            )
        return from_json(data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        _refuse(f"{path} is not a plan of k8sboot", f"not what k8sboot writes: {error}")


def _refuse(what: str, why: str) -> NoReturn:
    raise UsageError(what, why=why, fix="create one with `k8sboot plan --out FILE`", code="KB-PLAN-FILE")
