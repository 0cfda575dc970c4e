"""Files that should lie on a host, and the one script that puts them there atomically."""

from __future__ import annotations

import base64
import difflib
import hashlib
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from k8sboot.events import FileChange
from k8sboot.host import restart_marks
from k8sboot.host.originals import KEEPING
from k8sboot.host.snapshot import FileState
from k8sboot.paths import ORIGINALS_DIR
from k8sboot.secret import Secret


@dataclass(frozen=True)
class File:
    """A file as it should be. owner: 'user:group'. restarts: systemd units that must be restarted to see it.

    readers: all the units that read it, whether they run or not. is_ours: k8sboot makes it what it is; False
    where it is the operator's own that is put back.

    A Secret as content is never shown in a diff, and the mode is 0600 unless said otherwise.
    """

    path: str
    content: str | Secret
    mode: int = 0o644
    owner: str = "root:root"
    restarts: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    is_ours: bool = True

    @property
    def state(self) -> FileState:
        """What a host that has this file shows."""
        data = self.data
        return FileState(self.mode, self.owner, len(data), hashlib.sha256(data).hexdigest(), data)

    @property
    def data(self) -> bytes:
        """The bytes that should be in it."""
        text = self.content.reveal() if isinstance(self.content, Secret) else self.content
        return text.encode("utf-8", "surrogateescape")

    def is_met_by(self, state: FileState | None) -> bool:
        """The host's file is this one: content, mode and owner."""
        if state is None or (state.mode, state.owner) != (self.mode, self.owner):
            return False
        return state.sha256 == self.state.sha256

    def change_from(self, state: FileState | None) -> tuple[FileChange, ...]:
        """The digests before and after; none of a secret, which could be guessed from them."""
        if isinstance(self.content, Secret):
            return ()
        return (FileChange(path=self.path, before=state.sha256 if state else "", after=self.state.sha256),)

    def diff_from(self, state: FileState | None) -> str:
        """What would change, as a unified diff, or words where the content must not or cannot be shown."""
        if isinstance(self.content, Secret):
            return f"{self.path}: (secret content)\n"
        if state and state.content is None:
            return f"{self.path}: {state.size} bytes -> {len(self.data)} bytes\n"
        old = (state.content or b"").decode("utf-8", "replace") if state else ""
        lines = difflib.unified_diff(
            old.splitlines(),
            self.data.decode("utf-8", "replace").splitlines(),
            self.path if state else "/dev/null",
            self.path,
            lineterm="",
            n=2,
        )
        return "".join(f"{line}\n" for line in lines) + self._mode_diff(state)

    def _mode_diff(self, state: FileState | None) -> str:
        if state is None or (state.mode, state.owner) == (self.mode, self.owner):
            return ""
        return f"{self.path}: {state.owner} {state.mode:04o} -> {self.owner} {self.mode:04o}\n"


# A link is followed and its target replaced; the first original is kept once, with its attributes, before
# anything else; the restart marks are set before the file is seen, so that a run killed in between restarts.
_PUT = (
    r"""
set -eu
umask 077
tmp= dir=; trap 'give_up $?' EXIT; trap 'exit 143' HUP INT TERM
give_up() { # STATUS; a failure shows what room there is
  [ "$1" = 0 ] || [ -z "$dir" ] || { df -hP -- "$dir"; df -iP -- "$dir" | tail -n 1; } >&2 || :
  [ -z "$tmp" ] || rm -f -- "$tmp"
}
"""
    + KEEPING
    + r"""
ours() { # PATH, the FILE to be put there, shown or secret, UNITS that read it
  kept=@ORIGINALS@$1
  line "$kept.k8sboot-ours" "$(digest "$2")"
  if [ "$3" = shown ]; then cp -- "$2" "$kept.k8sboot-new"; mv -fT -- "$kept.k8sboot-new" "$kept.k8sboot-copy"
  else rm -f -- "$kept.k8sboot-copy"; fi
  for unit in $4; do line "$kept.k8sboot-readers" "$unit"; done
}
put() { # PATH MODE OWNER shown|secret|passing UNITS, content in base64 on stdin
  target=$1; [ ! -L "$1" ] || target=$(readlink -f -- "$1"); dir=${target%/*}
  [ "$4" = passing ] || keep "$target"
  [ -d "$dir" ] || (umask 022; mkdir -p -- "$dir")
  rm -f -- "$dir"/.k8sboot.??????
  tmp=$(mktemp "$dir/.k8sboot.XXXXXX")
  base64 -d > "$tmp"
  [ "$4" = passing ] || ours "$target" "$tmp" "$4" "$5"
  chown "$3" "$tmp"; chmod "$2" "$tmp"
  [ ! -e "$target" ] || chcon --reference="$target" "$tmp" 2>/dev/null || :
  sync "$tmp" 2>/dev/null || sync
  mv -fT -- "$tmp" "$target"; tmp=
  sha256sum < "$target"
}
""".replace("@ORIGINALS@", ORIGINALS_DIR)
)


def write_script(files: Iterable[File]) -> str:
    """A /bin/sh script that puts all the files in place, each of them whole or not at all, in order.

    It prints a line a file that begins with the SHA-256 of what then lies there.
    """
    parts = [_PUT]
    for file in files:
        marks = restart_marks.mark(file.restarts)
        if marks:
            parts.append("; ".join(shlex.join(command) for command in marks) + "\n")
        words = shlex.join([file.path, f"{file.mode:04o}", file.owner, _kind(file), " ".join(file.readers)])
        parts.append(f"put {words} <<'K8SBOOT-END'\n{base64.encodebytes(file.data).decode()}K8SBOOT-END\n")
    return "".join(parts)


def _kind(file: File) -> str:
    """Whether the file is one of k8sboot's, and whether a copy of it may be kept to compare with."""
    if not file.is_ours or file.path.startswith("/run/"):
        return "passing"
    return "secret" if isinstance(file.content, Secret) else "shown"
