"""A host's original state, saved there by the same script that changes it.

/var/lib/k8sboot/original/PATH      the first original of a file; next to it, as PATH.k8sboot-...:
                  absent            there was no file (the text: the topmost missing directory, or nothing)
                  sha256            the original's digest
                  ours              the digests of everything that k8sboot wrote there, one per line
                  copy              what it wrote last, unless that is a secret
                  part              of a file with an operator's settings too, what k8sboot added to them
                  readers           the units that read it, one per line
/var/lib/k8sboot/former/KIND/NAME   other states, as text; NAME.ours what k8sboot has set, one per line
/var/lib/k8sboot/former/complete    k8sboot saved everything that it changed here

Every state is saved once, completely or not at all, and before its change: wherever the script is killed, the original
state stays known, and k8sboot's own settings are never mistaken for it. A setting that already has its new value is
not saved: there is nothing to undo.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from k8sboot.host.folders import AS_OWNER
from k8sboot.paths import ORIGINALS_DIR, PRIOR_DIR, STATE_DIR
from k8sboot.scripts import call, render

Kind = Literal["unit", "sysctl", "swap", "selinux", "hostname", "module", "hold", "package", "file"]


@dataclass(frozen=True)
class PriorState:
    """A state to save before it is changed; stands among the commands of a change.

    aim: what k8sboot sets it to: a unit's UnitFileState, a value, a file's SHA-256. '' if it is not needed.
    """

    kind: Kind
    name: str
    aim: str = ""


def file_with(path: str, content: str) -> PriorState:
    """A file that a tool of the system is about to write with this text; for a link, the line that readlink prints."""
    return PriorState("file", path, hashlib.sha256(content.encode()).hexdigest())


def note_script(states: Iterable[PriorState]) -> str:
    """Shell lines that save these once, and exit the script if that fails; '' for none."""
    lines = "".join(call("was", s.kind, s.name, s.aim) for s in states)
    values = {"ORIGINALS": ORIGINALS_DIR, "PRIOR": PRIOR_DIR, "STATE": STATE_DIR, "AS_OWNER": AS_OWNER}
    return render("originals", lines, **values) if lines else ""
