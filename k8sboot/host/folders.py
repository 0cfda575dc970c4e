"""Folders of other users on the way to a file of a host.

Root passes through none of them: a file in another user's folder is read and written as that user, and one that is
to be root's is refused there. See scripts/folders.sh.
"""

from __future__ import annotations

import base64

from k8sboot.errors import Refused, StepFailed
from k8sboot.paths import ORIGINALS_DIR, PASSING
from k8sboot.scripts import render

AS_OWNER = render("as-owner")
STATE_AS_OWNER = render("state-as-owner") + '"$@"\n'
"""What a probe does as another user; every host gets it with each probe."""
REFUSED = "k8sboot-folder:"
"""Prefix of the line on stderr that says which file leads through whose folder, and what went wrong."""
FOR_WRITING = {"AS_OWNER": AS_OWNER, "REFUSED": REFUSED, "PASSING": PASSING}
CODE = "KB-FOLDER-OWNER"


def take_away(*paths: str) -> tuple[str, ...]:
    """The command that removes files, each as the owner of its folder; another user's only if its original is kept."""
    return (
        "/bin/sh", "-c", render("take-away", ORIGINALS=ORIGINALS_DIR, AS_OWNER=AS_OWNER), "take-away", *paths,
    )  # fmt: skip


def bring_back(path: str, *, original: str, made: str) -> tuple[str, ...]:
    """The command that restores a file in another user's folder. original: '' if there was none."""
    return "/bin/sh", "-c", render("bring-back", AS_OWNER=AS_OWNER), "bring-back", path, original, made


def unread(path: str, said: str, host: str) -> StepFailed:
    """The error for a file that the probe did not read. said: its answer, the user and the folder."""
    user, _, folder = said.partition(" ")
    return StepFailed(
        f"{path} was not read",
        why=_whose(folder, user)
        + ("" if user == "?" else ", who cannot read it, or it is larger than 64 KiB"),
        fix=_fix(path, folder),
        host=host,
        code=CODE,
    )


def refusal(stderr: str, host: str) -> Refused | None:
    """The error for the stderr of a script that writes files, if it refused one."""
    line = next((x for x in stderr.splitlines() if x.startswith(REFUSED)), "")
    try:
        words = base64.b64decode(line.removeprefix(REFUSED).strip()).decode("utf-8", "replace").split("\n")
    except ValueError:
        return None
    if len(words) < 4:
        return None
    path, user, folder, why = words[:4]
    return Refused(
        f"cannot write {path}",
        why=f"{_whose(folder, user)}: {why.strip()}",
        fix=_fix(path, folder),
        host=host,
        code=CODE,
    )


def _whose(folder: str, user: str) -> str:
    return f"others than root may write to {folder}" if user == "?" else f"{folder} belongs to {user}"


def _fix(path: str, folder: str) -> str:
    return (
        f"check `namei -l {path}` on the host: correct the owner or the mode of {folder}, or remove what is in the way"
        " there, then run again"
    )
