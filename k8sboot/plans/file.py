"""Plans in files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

from k8sboot.errors import K8sbootError, UsageError
from k8sboot.plans.document import FORMAT, VERSION, Document
from k8sboot.plans.reading import from_json
from k8sboot.text.write_file import write_whole


def write_plan(path: str, plan: Document) -> None:
    """Write a plan whole or not at all, for its user alone (0600). K8sbootError when that fails."""
    text = json.dumps(plan.as_json(), indent=1) + "\n"
    try:
        write_whole(Path(path), text.encode())
    except OSError as error:
        raise K8sbootError(
            f"cannot write the plan to {path}",
            why=error.strerror or str(error),
            fix="name another file with --out",
            code="KB-PLAN-FILE",
        ) from error


def read_plan(path: str) -> Document:
    """The plan in a file. UsageError where there is none, or one that this version does not support."""
    try:
        data = json.loads(Path(path).read_bytes())
    except OSError as error:
        _refuse(f"cannot read a plan from {path}", error.strerror or str(error))
    except (ValueError, RecursionError) as error:
        _refuse(f"{path} is not a plan of k8sboot", f"it is not JSON: {error}")
    try:
        if data.get("version") != VERSION and data["format"] == FORMAT:
            _refuse(
                f"{path} is a plan in an unsupported version of the format",
                f"it is version {data.get('version')}, by k8sboot {data.get('k8sboot')}; supported is {VERSION}",
            )
        return from_json(data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        _refuse(f"{path} is not a plan of k8sboot", f"a field is missing or of the wrong type: {error}")


def _refuse(what: str, why: str) -> NoReturn:
    raise UsageError(what, why=why, fix="create one with `k8sboot plan --out FILE`", code="KB-PLAN-FILE")
