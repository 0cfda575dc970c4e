#!/usr/bin/env python3
"""Start and stop the lab's mirrors: an image registry and a file server.

    python3 tests/lab/mirrors/serve.py start --listen ADDR --state DIR [OPTION...]
    python3 tests/lab/mirrors/serve.py stop --state DIR

The registry is on port 5000 and the files on port 8080 of the address.  Both
only read the cache, so that labs on different addresses can share it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from build import DEFAULT, MINORS, PLUGINS, note
from makers.cache import default_root
from makers.registry import configuration, wait_until_it_answers

HERE = Path(__file__).resolve().parent
REGISTRY_PORT = 5000
FILES_PORT = 8080
NAMES = ("registry", "files")


def start(listen: str, state: Path, current: Path) -> None:
    """Start what does not run yet, and wait until both answer. current: says which products these are."""
    if not current.is_file():
        sys.exit(f"serve: nothing built: there is no {current}: run build.py first")
    products = {
        name: current.parent / "products" / directory
        for name, directory in json.loads(current.read_text()).items()
    }
    state.mkdir(parents=True, exist_ok=True)
    settings = state / "registry.yml"
    registry = f"{listen}:{REGISTRY_PORT}"
    settings.write_text(configuration(registry, products["registry"], read_only=True))
    command = ["docker-registry", "serve", str(settings)]
    _start_one(state, "registry", command, products["registry"])
    files = [sys.executable, str(HERE / "serve_files.py"), listen, str(FILES_PORT)]
    _start_one(state, "files", [*files, str(products["www"])], products["www"])
    try:
        wait_until_it_answers(f"http://{registry}/v2/")
        wait_until_it_answers(f"http://{listen}:{FILES_PORT}/lab.asc")
    except TimeoutError as problem:
        stop(state)
        sys.exit(f"serve: {problem}; see the logs in {state}")


def stop(state: Path) -> None:
    """End the recorded processes, and no other."""
    for name in NAMES:
        record = state / f"{name}.json"
        pid = _alive(record)
        if pid:
            _end(pid, record)
        record.unlink(missing_ok=True)


def _start_one(state: Path, name: str, command: list[str], product: Path) -> None:
    """Start one server, detached, unless the recorded one lives and is up to date."""
    record = state / f"{name}.json"
    pid = _alive(record)
    if pid and _read(record).get("product") == product.name:
        return
    if pid:
        _end(pid, record)
    with (state / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    noted = {"pid": process.pid, "started": _start_time(process.pid), "product": product.name}
    record.write_text(json.dumps(noted))


def _read(record: Path) -> dict:
    """What was recorded of a server; nothing where none was started."""
    try:
        return json.loads(record.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def _alive(record: Path) -> int:
    """The recorded process, if it lives and is no other that took its number."""
    noted = _read(record)
    if not noted or _start_time(noted["pid"]) != noted["started"]:
        return 0
    return noted["pid"]


def _start_time(pid: int) -> int:
    """When a process started, in the kernel's ticks; -1 when it is no more."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return -1
    fields = text.rpartition(")")[2].split()
    return -1 if fields[0] == "Z" else int(fields[19])


def _end(pid: int, record: Path) -> None:
    """End a process: kindly, then after five seconds by force."""
    for number, seconds in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not _alive(record):
                return
            time.sleep(0.02)


def main() -> None:
    """Parse the command line and do what it says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser("start", help="start both servers")
    starting.add_argument("--listen", required=True, metavar="ADDR")
    starting.add_argument("--kubernetes", choices=MINORS, default=DEFAULT, metavar="MINOR")
    starting.add_argument("--plugin", choices=PLUGINS, default=PLUGINS[0])
    starting.add_argument("--cache", type=Path, default=default_root(), metavar="DIR")
    stopping = commands.add_parser("stop", help="end what start started")
    for each in (starting, stopping):
        each.add_argument("--state", type=Path, required=True, metavar="DIR")
    arguments = parser.parse_args()
    state = arguments.state.absolute()
    if arguments.command == "start":
        cache = arguments.cache.absolute()
        start(arguments.listen, state, note(cache, arguments.kubernetes, arguments.plugin))
    else:
        stop(state)


if __name__ == "__main__":
    main()
