"""containerd's config.toml: what an operator wrote there stays, and k8sboot's settings are merged into it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from k8sboot.errors import Refused
from k8sboot.host.files import File
from k8sboot.host.peer import Peer
from k8sboot.host.shared_file import SharedFile, original_of, shared_file
from k8sboot.inventory.model import Spec
from k8sboot.runtime.containerd_layout import (
    LAYOUTS,
    Layout,
    at,
    layout_for,
    leaves,
    newest_read_by,
    table_at,
    value_at,
)
from k8sboot.runtime.containerd_registries import CERTS, registries_of
from k8sboot.runtime.containerd_state import CONFIG, PACKAGED, SOCKET, data_elsewhere
from k8sboot.runtime.settings import Tree, items, united, without
from k8sboot.text.toml_text import read_toml, toml_text

BINS, NETWORKS = "/opt/cni/bin", "/etc/cni/net.d"
HEAD = "# Managed by k8sboot. Settings of your own: `runtime.config` in the inventory.\n"
_RUNC = "io.containerd.runc.v2"
_NO_CHOICE = ("registry.k8s.io/", "k8s.gcr.io/")
_SAY_IMAGES = frozenset(("cluster.imageRepository", "mirror"))
Path = tuple[str, ...]


def config_toml(spec: Spec, host: Peer, version: str, *, restarts: tuple[str, ...]) -> File:
    """The file as it has to be for this version of containerd. Refused where it contradicts the inventory.

    A file that needs nothing keeps its bytes, and one with an operator's settings its mode and owner.
    """
    there = shared_file(host, CONFIG)
    now = _now(there, host)
    theirs = _theirs(spec, host, there)
    layout = _layout(host, now, theirs, version)
    pause = _own_pause(spec, host, there, layout, theirs) or pause_image(spec)
    _refuse(host, [*_conflicts(spec, layout, theirs, pause)])
    _refuse_to_leave_data(spec, host, now)
    wanted = _wanted(spec, layout, theirs, pause)
    is_met = there.text is not None and wanted == _known(there.text)
    text = there.text if is_met and there.text is not None else _text(wanted, theirs)
    if not theirs and there.part is None:
        return File(CONFIG, text, restarts=restarts)
    mode, owner = (there.state.mode, there.state.owner) if there.state else (0o644, "root:root")
    is_edited = False
    if there.written is not None and text != there.text:
        is_edited = without(theirs, _known(original_of(host, CONFIG))) != {}
    added = toml_text(without(wanted, theirs))
    return File(CONFIG, text, mode=mode, owner=owner, restarts=restarts, part=added, is_edited=is_edited)


def _theirs(spec: Spec, host: Peer, there: SharedFile) -> Tree:
    """The operator's settings. The folder of images and containers stays, whoever has set it."""
    now = _now(there, host)
    if there.written is None and _is_packaged(host):
        return {}
    root = {"root": now["root"]} if "root" in now and not spec.runtime.data_root else {}
    return {**without(now, _known(there.ours)), **root}


def _text(wanted: Tree, theirs: Tree) -> str:
    return toml_text(wanted) if theirs else HEAD + toml_text(wanted)


def _is_packaged(host: Peer) -> bool:
    return host.answer(PACKAGED).text.strip() == "yes"


def _now(there: SharedFile, host: Peer) -> Tree:
    """The settings in the file. One of k8sboot's that is missing or damaged is taken as k8sboot wrote it last."""
    if there.written is not None:
        return _known(there.text, otherwise=there.written)
    try:
        return read_toml(there.text or "")
    except ValueError as error:
        raise Refused(
            f"{CONFIG} is not valid TOML",
            why=f"{error}; k8sboot merges its settings into the file, and does not replace it",
            fix=f"correct {CONFIG} on {host.name}, or remove it, then run again",
            host=host.name,
            code="KB-RUNTIME-TOML",
        ) from None


def _known(text: str | None, *, otherwise: str | None = None) -> Tree:
    """The settings in a text of k8sboot's, or in another one where it is damaged."""
    with suppress(ValueError):
        if text is not None:
            return read_toml(text)
    return _known(otherwise) if otherwise is not None else {}


def _layout(host: Peer, now: Tree, theirs: Tree, version: str) -> Layout:
    """That of an operator's file, which containerd reads if it is no newer than itself; else what k8sboot writes."""
    if set(theirs) <= {"disabled_plugins", "root"}:  # these are the same in every version
        return layout_for(version)
    number = now.get("version", 1)
    layout = LAYOUTS.get(number) if isinstance(number, int) else None
    if layout is not None and (not version or layout.version <= newest_read_by(version)):
        return layout
    reads = (
        f"containerd {version} reads up to {newest_read_by(version)}" if version else "k8sboot knows 2 to 4"
    )
    raise Refused(
        f"{CONFIG} has version {number}, which cannot be used",
        why=f"{reads}, and k8sboot merges its settings into versions 2 to 4",
        fix=f"on {host.name}, move {CONFIG} away, set what you need of it as `runtime.config` in the inventory, and "
        "run again",
        host=host.name,
        code="KB-RUNTIME-TOML",
    )


def _wanted(spec: Spec, layout: Layout, theirs: Tree, pause: str = "") -> Tree:
    """Everything in one tree. A runtime of the operator's gets the systemd cgroup driver, too."""
    tree = united(_served(layout, theirs), _ours(spec, layout, theirs, pause or pause_image(spec)))
    runtimes = table_at(theirs, layout.of_runtime("containerd", "runtimes"))
    for name, each in runtimes.items():
        if isinstance(each, dict) and each.get("runtime_type") == _RUNC:
            path = layout.of_runtime("containerd", "runtimes", name, "options", "SystemdCgroup")
            tree = united(tree, at(path, True))
    return united(tree, dict(spec.runtime.config))


def _served(layout: Layout, theirs: Tree) -> Tree:
    """Without what keeps containerd from serving kubelet: the CRI plugin disabled, the older key of CNI's folder."""
    off = [each for each in items(theirs.get("disabled_plugins", [])) if each not in (*layout.plugins, "cri")]
    tree = {**theirs, "disabled_plugins": off} if "disabled_plugins" in theirs else theirs
    cni = layout.of_runtime("cni")
    return (
        without(tree, at((*cni, "bin_dir"), value_at(tree, (*cni, "bin_dir")))) if layout.bin_lists else tree
    )


def _ours(spec: Spec, layout: Layout, theirs: Tree, pause: str) -> Tree:
    """k8sboot's settings."""
    runc = layout.of_runtime("containerd", "runtimes", "runc")
    bins: object = [BINS] if layout.bin_lists else BINS
    ours: Tree = {"version": layout.version, **({"root": root} if (root := spec.runtime.data_root) else {})}
    for path, value in (
        (layout.sandbox, pause),
        (layout.of_runtime("cni", layout.bins), bins),
        (layout.of_runtime("cni", "conf_dir"), NETWORKS),
        ((*runc, "runtime_type"), _RUNC),
        ((*runc, "options", "SystemdCgroup"), True),
        *_of_registries(layout, theirs),
    ):
        ours = united(ours, at(path, value))
    return ours


def pause_image(spec: Spec) -> str:
    """The pause image that kubeadm takes."""
    return f"{spec.cluster.image_repository}/pause:{spec.cluster.release.pause}"


def own_pause(spec: Spec, host: Peer) -> str:
    """The operator's pause image that stays in place of kubeadm's; '' for none."""
    there = shared_file(host, CONFIG)
    number = _now(there, host).get("version")
    layout = LAYOUTS.get(number) if isinstance(number, int) else None
    own = _own_pause(spec, host, there, layout, _theirs(spec, host, there)) if layout else ""
    return own if own != pause_image(spec) else ""


def _own_pause(spec: Spec, host: Peer, there: SharedFile, layout: Layout, theirs: Tree) -> str:
    """The operator's pause image, unless the inventory says where images come from; '' for none.

    What `containerd config default` writes is nobody's choice. What replaced k8sboot's is repaired.
    """
    own = value_at(theirs, layout.sandbox)
    if not isinstance(own, str) or own.startswith(_NO_CHOICE) or spec.said & _SAY_IMAGES:
        return ""
    before = theirs if there.written is None else _known(original_of(host, CONFIG))
    return own if value_at(before, layout.sandbox) == own else ""


def _of_registries(layout: Layout, theirs: Tree) -> Iterator[tuple[Path, object]]:
    """The folder of registries, unless the operator has another way: containerd does not accept two."""
    path = layout.of_images("registry", "config_path")
    if not _older_registries(layout, theirs) and not value_at(theirs, path):
        yield path, CERTS


def _older_registries(layout: Layout, theirs: Tree) -> list[Path]:
    """Tables of registries that containerd does not accept beside the folder."""
    registry = layout.of_images("registry")
    found = [(*registry, "mirrors")] if table_at(theirs, (*registry, "mirrors")) else []
    configs = table_at(theirs, (*registry, "configs"))
    return found + [
        (*registry, "configs", name, "tls")
        for name, each in configs.items()
        if isinstance(each, dict) and each.get("tls")
    ]


def _conflicts(spec: Spec, layout: Layout, theirs: Tree, pause: str) -> Iterator[str]:
    """What the operator wrote against what the inventory sets or kubelet needs, in words."""
    root, wanted = theirs.get("root"), spec.runtime.data_root
    if wanted and root not in (None, wanted):
        yield _against(("root",), root, f"`runtime.dataRoot: {wanted}`")
    socket = value_at(theirs, ("grpc", "address"))
    if socket not in (None, SOCKET):
        yield _against(("grpc", "address"), socket, f"the socket {SOCKET}")
    yield from _of_two_ways(spec, layout, theirs)
    yield from _of_extra(spec, layout, theirs, pause)


def _of_two_ways(spec: Spec, layout: Layout, theirs: Tree) -> Iterator[str]:
    if not registries_of(spec):
        return
    for path in _older_registries(layout, theirs):
        yield f"`{'.'.join(path)}` is there, which excludes `runtime.registries`"
    path = layout.of_images("registry", "config_path")
    if value_at(theirs, path) not in (None, "", CERTS):
        yield _against(path, value_at(theirs, path), f"{CERTS}, for `runtime.registries`")


def _of_extra(spec: Spec, layout: Layout, theirs: Tree, pause: str) -> Iterator[str]:
    """runtime.config against what k8sboot sets itself, and against the file."""
    ours, there = leaves(_ours(spec, layout, theirs, pause)), leaves(theirs)
    for path, value in leaves(dict(spec.runtime.config)).items():
        for other in (ours.get(path, value), there.get(path, value)):
            if other != value and not isinstance(value, list):
                yield _against(path, other, f"`runtime.config` has {value!r}")
                break


def _against(path: Path, there: object, wanted: str) -> str:
    return f"`{'.'.join(path)} = {there!r}` is there, {wanted} is required"


def _refuse(host: Peer, found: list[str]) -> None:
    if found:
        raise Refused(
            f"{CONFIG} contradicts the inventory",
            why="; ".join(found),
            fix=f"change the inventory, or {CONFIG} on {host.name}, then run again; nothing was changed",
            host=host.name,
            code="KB-RUNTIME-CONFLICT",
        )


def _refuse_to_leave_data(spec: Spec, host: Peer, now: Tree) -> None:
    """Refused where images and containers would be gone from containerd, because they are in another folder."""
    wanted, there = spec.runtime.data_root, now.get("root")
    root = there if isinstance(there, str) else ""
    if wanted and root != wanted and (full := data_elsewhere(host, root, wanted)):
        raise Refused(
            f"containerd has its data in {full}, the inventory wants them in {wanted}",
            why="its containers and images would be gone from containerd; k8sboot moves no data",
            fix=f"set `runtime.dataRoot: {full}`, or stop containerd, move {full} to {wanted}, and run again",
            host=host.name,
            code="KB-RUNTIME-DATA",
        )
