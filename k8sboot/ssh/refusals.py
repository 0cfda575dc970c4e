"""What a host says when it does not let a login in, and the fix for each. Its words are shown, never trusted."""

from __future__ import annotations

import re

from k8sboot.text.sanitize import safe_line

LONGEST = 300

# (pattern of the host's words, why, fix), first match wins.
KNOWN = (
    (
        r"log ?in as the user \"?(?P<other>[A-Za-z_][\w.-]*)",
        "the host's key of {user} is restricted to this message",
        "set `user: {other}` in the host's `ssh` section of the inventory",
    ),
    (
        r"password has expired|password expired|(?:required to|must) change your password|password change required",
        "the password of {user} has expired, and the host requires a new one before it runs anything",
        "log in by hand and set a new password, or as root on the host run `passwd {user}`, or "
        "`chage -d $(date +%F) -M -1 {user}` for an account that logs in by key",
    ),
    (
        r"account (?:has )?expired",
        "the account {user} has expired",
        "extend it as root on the host with `chage -E -1 {user}`; `chage -l {user}` shows the dates. Or set another "
        "`user` in the inventory",
    ),
    (
        r"permitted to log ?in|pam_nologin|logins? (?:is|are) (?:currently )?(?:disabled|not allowed)|maintenance",
        "the host admits only root now",
        "remove /run/nologin or /etc/nologin on the host when its maintenance has ended, or log in as root",
    ),
)
PASSING = re.compile(r"system is (?:booting up|going down)", re.IGNORECASE)
"""pam_nologin while a machine boots or shuts down."""


def quoted(words: str) -> str:
    """The host's words on one line, for an error."""
    line = safe_line(words)
    return line if len(line) <= LONGEST else f"…{line[-LONGEST:]}"


def explained(words: str, user: str) -> tuple[str, str] | None:
    """(why, fix) for the host's words; None for words that are not known."""
    for pattern, why, fix in KNOWN:
        found = re.search(pattern, words, re.IGNORECASE)
        if found:
            values = {"user": user, **found.groupdict()}
            return f"{why.format_map(values)}; it says: {quoted(words)}", fix.format_map(values)
    return None
