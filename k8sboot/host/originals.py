"""What a host was before it was altered, noted there by the very script that alters it.

/var/lib/k8sboot/original/PATH      the first original of a file; beside it, as PATH.k8sboot-...:
                  absent            there was none (the text: the topmost folder that was missing, or nothing)
                  sha256            the original's digest
                  ours              the digests of all that k8sboot has put there, a line each
                  copy              the last of it, where that is no secret
                  readers           the units that read it, a line each
/var/lib/k8sboot/former/KIND/NAME   what else was, as text; NAME.ours what k8sboot has set it to, a line each
/var/lib/k8sboot/former/complete    nothing was altered here before such notes were taken

Every note is written once, whole or not at all, and before what it belongs to: whatever is killed, the first
former state stays known, and what k8sboot has set is never taken for it. A setting that got its new value from somebody
else in the meantime is not noted: there is nothing of ours to be undone.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from k8sboot.paths import ORIGINALS_DIR, PRIOR_DIR, STATE_DIR

Kind = Literal["unit", "sysctl", "swap", "selinux", "hostname", "module", "hold", "package", "file"]


@dataclass(frozen=True)
class PriorState:
    """Something whose state is to be noted before it is altered; stands among the commands of a change.

    aim: what k8sboot sets it to: a unit's UnitFileState, a value, a file's SHA-256. '' where nobody asks for it.
    """

    kind: Kind
    name: str
    aim: str = ""


def file_with(path: str, content: str) -> PriorState:
    """A file that a tool of the system is about to write like this; of a link, the line that readlink prints."""
    return PriorState("file", path, hashlib.sha256(content.encode()).hexdigest())


# A link is kept as a link, and known by where it leads to. The digest lies there before its file: one without was
# kept by an older k8sboot.
KEEPING = f"""
new=
complete() {{ [ -d {ORIGINALS_DIR} ] || [ -d {PRIOR_DIR} ] || mkdir -p {PRIOR_DIR}/complete; }}
digest() {{
  if [ -L "$1" ]; then h=$(readlink -- "$1" | sha256sum); else h=$(sha256sum < "$1"); fi
  printf '%s\\n' "${{h%% *}}"
}}
line() {{ grep -qxF -e "$2" "$1" 2>/dev/null || {{ printf '%s\\n' "$2" >> "$1"; new="$new $1"; }}; }}
keep() {{
  kept={ORIGINALS_DIR}$1
  [ ! -e "$kept" ] && [ ! -L "$kept" ] && [ ! -e "$kept.k8sboot-absent" ] || return 0
  complete
  mkdir -p -- "${{kept%/*}}"
  if [ -e "$1" ] || [ -L "$1" ]; then
    rm -f -- "$kept.k8sboot-new"
    cp -a -- "$1" "$kept.k8sboot-new"
    sync "$kept.k8sboot-new" 2>/dev/null || sync
    [ ! -f "$1" ] && [ ! -L "$1" ] || digest "$1" > "$kept.k8sboot-sha256"
    mv -T -- "$kept.k8sboot-new" "$kept"
  else
    above=${{1%/*}}; made=
    while [ -n "$above" ] && [ ! -d "$above" ]; do made=$above; above=${{above%/*}}; done
    printf '%s\\n' "$made" > "$kept.k8sboot-new"
    mv -T -- "$kept.k8sboot-new" "$kept.k8sboot-absent"
  fi
}}
"""

BEGIN = (
    """(
set -eu
umask 077
"""
    + KEEPING
    + rf"""
was() {{ # KIND NAME AIM
  case $1 in
    file) keep "$2"; set -- "$1" "$2" "$3" "{ORIGINALS_DIR}$2.k8sboot-ours" ;;
    *) note "$@"; [ -s "$note" ] || return 0; set -- "$1" "$2" "$3" "$note.ours" ;;
  esac
  [ -z "$3" ] || line "$4" "$3"
}}
note() {{ # KIND NAME AIM
  note={PRIOR_DIR}/$1/$(printf '%s' "$2" | tr / %)
  if [ ! -s "$note" ]; then
    case $1 in
      unit) text=$(systemctl show --no-pager -p LoadState -p ActiveState -p UnitFileState -- "$2") ;;
      sysctl) text=$(cat "/proc/sys/$(printf '%s' "$2" | tr . /)") ;;
      swap) text=$(awk 'NR > 1 {{print $1}}' /proc/swaps) ;;
      selinux) text=$(getenforce) ;;
      hostname) text=$(uname -n) ;;
      *) text=no ;;
    esac
    case $1 in sysctl | selinux | hostname)
      [ "$(printf '%s' "$text" | tr -s '[:blank:]' ' ')" != "$3" ] || return 0 ;;
    esac
    complete
    mkdir -p -- "${{note%/*}}"
    printf '%s\n' "$text" > "$note.k8sboot-new"
    mv -fT -- "$note.k8sboot-new" "$note"
    new="$new $note"
  fi
}}
"""
)
# A name with a blank in it only makes it sync everything.
END = f"""[ -z "$new" ] || sync $new 2>/dev/null || sync
)
[ $? = 0 ] || {{ echo 'nothing was altered: what was before cannot be noted under {STATE_DIR}' >&2; exit 1; }}
"""


def note_script(states: Iterable[PriorState]) -> str:
    """Shell lines that note these once and end the script where that fails; '' for none."""
    lines = "".join(f"was {shlex.join((f.kind, f.name, f.aim))}\n" for f in states)
    return f"{BEGIN}{lines}{END}" if lines else ""
