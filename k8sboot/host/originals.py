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
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from k8sboot.paths import ORIGINALS_DIR, PRIOR_DIR, STATE_DIR
from k8sboot.scripts import call, render

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


def note_script(states: Iterable[PriorState]) -> str:
    """Shell lines that note these once and end the script where that fails; '' for none."""
    lines = "".join(call("was", s.kind, s.name, s.aim) for s in states)
    values = {"ORIGINALS": ORIGINALS_DIR, "PRIOR": PRIOR_DIR, "STATE": STATE_DIR}
    return render("originals", lines, **values) if lines else ""
