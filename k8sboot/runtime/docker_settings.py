"""Docker's daemon.json: what an operator wrote there stays, and k8sboot's settings are merged into it."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from k8sboot.errors import Refused
from k8sboot.host.files import File
from k8sboot.host.peer import Peer
from k8sboot.host.shared_file import SharedFile, original_of, shared_file
from k8sboot.inventory.model import Spec
from k8sboot.runtime.docker_state import data_elsewhere, flags_of
from k8sboot.runtime.settings import Tree, items, united, without
from k8sboot.templates import render
from k8sboot.text.json_text import read_json
from k8sboot.text.numbers import whole

DAEMON_JSON = "/etc/docker/daemon.json"
_DRIVER = "native.cgroupdriver="
_ROTATED = ("json-file", "local")
"""Log drivers that know max-size and max-file."""
_ROOTS = ("data-root", "graph")
_OPTIONS = {"max-size": "runtime.logMaxSize", "max-file": "runtime.logMaxFile"}


def daemon_json(spec: Spec, host: Peer, *, restarts: tuple[str, ...]) -> File:
    """The file as it has to be on this host. Raises Refused where the operator's settings contradict the inventory.

    A file that needs nothing keeps its bytes, and one with an operator's settings its mode and owner.
    """
    there = shared_file(host, DAEMON_JSON)
    now, part = _now(there, host), _known(there.ours)
    spec = _keeping(spec, now)
    # The folder of images and containers stays, whoever has set it.
    root = {key: now[key] for key in _ROOTS if key in now and not spec.runtime.data_root}
    theirs = {**without(now, part), **root}
    _refuse(host, [*_conflicts(spec, theirs, part)])
    _refuse_to_leave_data(spec, host, now)
    wanted = united(_with_our_driver(theirs), _ours(spec, theirs))
    if there.text is not None and wanted == _known(there.text):
        text = there.text
    else:
        _refuse(host, [*_twice(host, wanted, now)])
        text = _rendered(spec) if not theirs else _dumped(wanted)
    if not theirs and there.part is None:
        return File(DAEMON_JSON, text, restarts=restarts)
    mode, owner = (there.state.mode, there.state.owner) if there.state else (0o644, "root:root")
    added = _dumped(without(wanted, theirs))
    is_edited = False
    if there.written is not None and text != there.text:
        is_edited = without(theirs, _known(original_of(host, DAEMON_JSON))) != {}
    return File(DAEMON_JSON, text, mode=mode, owner=owner, restarts=restarts, part=added, is_edited=is_edited)


def _now(there: SharedFile, host: Peer) -> Tree:
    """The settings in the file. One of k8sboot's that is missing or damaged is taken as k8sboot wrote it last."""
    return _parsed(there, host) if there.written is None else _known(there.text, otherwise=there.written)


def _parsed(there: SharedFile, host: Peer) -> Tree:
    """A file that k8sboot has never written. Refused with the place if it is no JSON."""
    try:
        found = read_json((there.text or "").strip() or "{}")
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise _invalid(host, f"{error.msg} at {place}") from None
    except ValueError as error:
        raise _invalid(host, str(error)) from None
    if not isinstance(found, dict):
        raise _invalid(host, "it is not an object")
    return found


def _invalid(host: Peer, why: str) -> Refused:
    return Refused(
        f"{DAEMON_JSON} is not valid JSON",
        why=f"{why}; k8sboot merges its settings into the file, and does not replace it",
        fix=f"correct {DAEMON_JSON} on {host.name}, or remove it, then run again",
        host=host.name,
        code="KB-RUNTIME-JSON",
    )


def _known(text: str | None, *, otherwise: str | None = None) -> Tree:
    """The settings in a text of k8sboot's, or in another one where it is damaged."""
    with suppress(ValueError):
        found = read_json(text or "")
        if isinstance(found, dict):
            return found
    return _known(otherwise) if otherwise is not None else {}


@dataclass(frozen=True)
class Conflict:
    """A setting of the file, and what contradicts it."""

    theirs: str
    ours: str


def _conflicts(spec: Spec, theirs: Tree, part: Tree) -> Iterator[Conflict]:
    """What the operator wrote against what the inventory sets; a setting that k8sboot wrote is merely repaired."""
    yield from _of_logs(spec, theirs, part)
    wanted = spec.runtime.data_root
    for key in _ROOTS:
        if wanted and key in theirs and key not in part and str(theirs[key]).rstrip("/") != wanted:
            yield Conflict(_shown(key, theirs[key]), f"`runtime.dataRoot: {wanted}`")
    yield from _of_networks(spec, theirs)


def _twice(host: Peer, wanted: Tree, now: Tree) -> Iterator[Conflict]:
    """Keys that would be new in the file and are flags of the running Docker, which then does not start."""
    for key, flag in flags_of(host).items():
        if key in wanted and key not in now:
            yield Conflict(
                f"`{flag}` on the command line of Docker", f"{_shown(key, wanted[key])}, in the file"
            )


def _of_logs(spec: Spec, theirs: Tree, part: Tree) -> Iterator[Conflict]:
    said = {option: key for option, key in _OPTIONS.items() if key in spec.said}
    values, driver = _options(spec), theirs.get("log-driver", _ROTATED[0])
    for option, key in said.items():
        there = _log_options(theirs).get(option)
        ours = f"`{key}: {values[option]}`"
        if driver not in _ROTATED:
            yield Conflict(_shown("log-driver", driver), ours)
        elif there not in (None, values[option]) and option not in _log_options(part):
            yield Conflict(_shown(f"log-opts.{option}", there), ours)


def _of_networks(spec: Spec, theirs: Tree) -> Iterator[Conflict]:
    with suppress(ValueError):
        bridge = ipaddress.ip_interface(theirs.get("bip", "")).network
        for key, network in {
            "podSubnet": spec.cluster.pod_subnet,
            "serviceSubnet": spec.cluster.service_subnet,
        }.items():
            if bridge.overlaps(ipaddress.ip_network(network)):
                yield Conflict(_shown("bip", theirs["bip"]), f"`cluster.{key}: {network}`")


def _refuse(host: Peer, found: list[Conflict]) -> None:
    if found:
        raise Refused(
            f"{DAEMON_JSON} contradicts the inventory",
            why="; ".join(f"{each.theirs} is there, {each.ours} is required" for each in found),
            fix=f"change the inventory, or {DAEMON_JSON} on {host.name} (move flags of Docker there), then run again; "
            "nothing was changed",
            host=host.name,
            code="KB-RUNTIME-CONFLICT",
        )


def _refuse_to_leave_data(spec: Spec, host: Peer, now: Tree) -> None:
    """Refused where images, containers or volumes would be gone from Docker, because they are in another folder."""
    wanted = spec.runtime.data_root
    there = next((now[key] for key in _ROOTS if key in now), "")
    if wanted and there != wanted and (full := data_elsewhere(host, str(there), wanted)):
        raise Refused(
            f"Docker has its data in {full}, the inventory wants them in {wanted}",
            why="its containers, images and volumes would be gone from Docker; k8sboot moves no data",
            fix=f"set `runtime.dataRoot: {full}`, or stop Docker, move {full} to {wanted}, and run again",
            host=host.name,
            code="KB-RUNTIME-DATA",
        )


def _shown(key: str, value: object) -> str:
    return f'`"{key}": {json.dumps(value)}`'


def _with_our_driver(theirs: Tree) -> Tree:
    """Without another cgroup driver: kubelet's is systemd."""
    options = [each for each in items(theirs.get("exec-opts", [])) if not str(each).startswith(_DRIVER)]
    return {**theirs, "exec-opts": options} if "exec-opts" in theirs else theirs


def _ours(spec: Spec, theirs: Tree) -> Tree:
    """k8sboot's settings. A default that Kubernetes does not need counts only where the operator has set nothing."""
    ours: Tree = json.loads(_rendered(spec))
    driver = theirs.get("log-driver", _ROTATED[0])
    for option, key in _OPTIONS.items():
        if option in _log_options(theirs) and key not in spec.said:
            del ours["log-opts"][option]
    if driver not in _ROTATED:
        del ours["log-opts"]
    if "graph" in theirs:  # the older name of the same
        ours.pop("data-root", None)
    return {**ours, "log-driver": driver}


def _keeping(spec: Spec, now: Tree) -> Spec:
    """The inventory with the limits of logs that are in the file where it sets none: defaults are for new files."""
    there, runtime = _log_options(now), spec.runtime
    size, count = str(there.get("max-size", "")), str(there.get("max-file", ""))
    if size and _OPTIONS["max-size"] not in spec.said:
        runtime = replace(runtime, log_max_size=size)
    number = whole(count)
    if number is not None and _OPTIONS["max-file"] not in spec.said:
        runtime = replace(runtime, log_max_file=number)
    return replace(spec, runtime=runtime)


def _log_options(tree: Tree) -> Tree:
    options = tree.get("log-opts")
    return options if isinstance(options, dict) else {}


def _options(spec: Spec) -> dict[str, str]:
    return {"max-size": spec.runtime.log_max_size, "max-file": str(spec.runtime.log_max_file)}


def _rendered(spec: Spec) -> str:
    """The file where nobody else has settings in it."""
    settings = spec.runtime
    return render(
        "daemon.json.j2",
        data_root=settings.data_root,
        registry_mirrors=settings.registry_mirrors,
        insecure_registries=settings.insecure_registries,
        log_max_size=settings.log_max_size,
        log_max_file=settings.log_max_file,
    )


def _dumped(tree: Tree) -> str:
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"
