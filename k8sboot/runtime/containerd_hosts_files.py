"""certs.d on a host: what an operator wrote there for a registry stays, and the inventory's is merged into it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from k8sboot.errors import Refused
from k8sboot.host.files import File
from k8sboot.host.peer import Peer
from k8sboot.host.shared_file import SharedFile, records, shared_file
from k8sboot.inventory.model import Spec
from k8sboot.runtime.containerd_layout import leaves
from k8sboot.runtime.containerd_registries import HEAD, OURS, registry_files
from k8sboot.runtime.settings import Tree, united, without
from k8sboot.secret import Secret
from k8sboot.text.toml_text import read_toml, toml_text


@dataclass(frozen=True)
class _Shared:
    """A file with an operator's settings. now: all of them. part: of these, what k8sboot added."""

    there: SharedFile
    now: Tree
    part: Tree

    @property
    def theirs(self) -> Tree:
        return without(self.now, self.part)


def hosts_files(spec: Spec, host: Peer) -> tuple[File, ...]:
    """The files of the registries. Refused where an operator's contradicts the inventory; what needs nothing stays."""
    merged = (_merged(host, file) for file in registry_files(spec))
    return *merged, *_taken_back(spec, host)


def reads(spec: Spec) -> Iterator[str]:
    """The paths that hosts_files reads."""
    for file in registry_files(spec):
        yield from records(file.path)


def kept_files(spec: Spec, host: Peer) -> tuple[str, ...]:
    """hosts.toml of the inventory's registries in which an operator has settings of their own."""
    paths = (file.path for file in registry_files(spec) if file.path.endswith(".toml"))
    return tuple(path for path in paths if (shared := _shared(host, path)) and shared.theirs)


def _shared(host: Peer, path: str) -> _Shared | None:
    """None for a file that is missing, or k8sboot's alone."""
    there = shared_file(host, path)
    if (
        there.text is None
        or there.text.startswith(HEAD)
        or (there.written is not None and there.part is None)
    ):
        return None
    try:
        return _Shared(there, read_toml(there.text), read_toml(there.part or ""))
    except ValueError as error:
        raise _refusal(host, path, f"it is not valid TOML: {error}") from None


def _merged(host: Peer, file: File) -> File:
    if not file.path.endswith(".toml"):
        return _certificate(host, file)
    shared = _shared(host, file.path)
    if shared is None:
        return file
    ours = read_toml(file.data.decode())
    _refuse(host, file, shared.theirs, ours)
    return _written(file, shared, _united(shared.theirs, ours))


def _united(theirs: Tree, ours: Tree) -> Tree:
    """Both, with the inventory's mirrors first: containerd tries them in this order. An operator's `server` stays."""
    both = united(theirs, ours | ({"server": theirs["server"]} if "server" in theirs else {}))
    first = ours.get("host", {})
    return both | (
        {"host": {**{each: both["host"][each] for each in first}, **both["host"]}} if first else {}
    )


def _written(file: File, shared: _Shared, wanted: Tree) -> File:
    """The merged file. One that needs nothing keeps its bytes, and all of them their mode and owner."""
    there = shared.there
    text = there.text or ""
    if wanted != shared.now or [*wanted.get("host", {})] != [*shared.now.get("host", {})]:
        text = toml_text(wanted)
    mode, owner = (there.state.mode, there.state.owner) if there.state else (0o644, "root:root")
    part = toml_text(without(wanted, shared.theirs))
    return replace(file, content=text, mode=mode, owner=owner, part=part)


def _taken_back(spec: Spec, host: Peer) -> Iterator[File]:
    """Operators' files without what k8sboot added, of registries that the inventory does not have any longer."""
    wanted = {file.path for file in registry_files(spec)}
    for line in host.answer(OURS).text.splitlines():
        path = line.removeprefix("shared ")
        if line.startswith("shared ") and path not in wanted and (shared := _shared(host, path)):
            yield _written(File(path, ""), shared, shared.theirs)


def _certificate(host: Peer, file: File) -> File:
    """The CA's certificate; an operator's other one is not replaced."""
    there = shared_file(host, file.path)
    if there.text is not None and there.written is None and there.text.strip() != file.data.decode().strip():
        raise _refusal(host, file.path, "it is there with another certificate than the registry's `ca`")
    return file


def _refuse(host: Peer, file: File, theirs: Tree, ours: Tree) -> None:
    """Values of logins are not shown."""
    there = leaves(theirs)
    against = [
        ".".join(path) if "header" in path else f"{'.'.join(path)} = {there[path]!r}"
        for path, value in leaves(ours).items()
        if path != ("server",) and not isinstance(value, list) and there.get(path, value) != value
    ]
    if against:
        found = ", ".join(f"`{each}`" for each in against)
        raise _refusal(host, file.path, f"{found} is there, the inventory requires another value")
    if isinstance(file.content, Secret) and _united(theirs, ours) != theirs:
        raise _refusal(
            host, file.path, "the registry has a password, which k8sboot writes into no file of others"
        )


def _refusal(host: Peer, path: str, why: str) -> Refused:
    return Refused(
        f"{path} contradicts `runtime.registries` of the inventory",
        why=why,
        fix=f"change the inventory, or {path} on {host.name} (remove it if the inventory says it all), then run again; "
        "nothing was changed",
        host=host.name,
        code="KB-RUNTIME-CONFLICT",
    )
