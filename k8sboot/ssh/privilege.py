"""Become root: find out how, once per connection, and refuse at once, with a fix, when that is impossible."""

from __future__ import annotations

import re
import secrets
from typing import Literal

from k8sboot.errors import ConnectError, DeadlineExceeded, ShellSilent, SudoRefused
from k8sboot.secret import Secret
from k8sboot.ssh.connection import Completed
from k8sboot.ssh.execution import Execution, Shell, exchange, execute
from k8sboot.ssh.script import CLEAN, Markers

Method = Literal["root", "sudo", "sudo with password"]
PROBE_TIMEOUT = 30.0

_ROOTS_SHELL = f'{CLEAN} SUDO_USER="$SUDO_USER" timeout -k 5 %d /bin/sh -s'
"""After sudo; %d: seconds. SUDO_USER is the login user, who gets a kubeconfig."""
PROBE = """\
if [ "$(id -u)" = 0 ]; then echo root; exit; fi
command -v sudo >/dev/null || { echo missing; exit; }
if LC_ALL=C sudo -n -H -- /bin/sh -c 'id -u'; then echo free; else echo asks; fi
"""


def plain_shell() -> Shell:
    """The login user's own /bin/sh."""
    return Shell(lambda limit: f"{CLEAN} timeout -k 5 {limit} /bin/sh -s")


def root_shell(session: Execution, password: Secret | None, *, user: str) -> Shell:
    """The shell that runs scripts as root on this connection.

    Raises SudoRefused, and ConnectError when the login shell or sudo hangs. A login as root is not checked:
    that would cost each host of each run a round trip.
    """
    if user == "root":
        return plain_shell()
    try:
        way = _probe(session, password, user)
    except DeadlineExceeded as error:
        raise _hangs(error) from None
    if way == "root":
        return plain_shell()
    if way == "sudo":
        return Shell(lambda limit: f"sudo -n -H -- /bin/sh -c 'exec {_ROOTS_SHELL % limit}'")
    return _password_shell(password or Secret(""))


def _hangs(error: DeadlineExceeded) -> ConnectError:
    """The error at login for a login shell, or a sudo, that hangs."""
    if isinstance(error, ShellSilent):
        return ConnectError(error.what, why=error.why, fix=error.fix, host=error.host, code=error.error_code)
    return SudoRefused(
        f"sudo did not finish within {PROBE_TIMEOUT:g} s",
        why="it is waiting, often for DNS or LDAP because the host's own name does not resolve",
        fix="add the host's name to its /etc/hosts; measure with `time sudo -n true`",
        host=error.host,
        detail=error.detail,
    )


def _password_shell(password: Secret) -> Shell:
    """sudo that reads the password from stdin.

    -k: always ask. If sudo does not ask all the same, the waiting loop discards the password, as it does
    with every line before the go word: the script never sees it.
    """
    go = f"go-{secrets.token_hex(8)}"
    wait = f'while IFS= read -r line; do [ "$line" = {go} ] && exec {_ROOTS_SHELL}; done'
    return Shell(
        lambda limit: f"sudo -k -S -H -p {go}: -- /bin/sh -c '{wait % limit}'",
        lambda: f"{password.reveal()}\n{go}\n".encode(),
    )


def _probe(session: Execution, password: Secret | None, user: str) -> Method:
    found = execute(session, plain_shell(), PROBE, timeout=PROBE_TIMEOUT)
    words = found.text.split()
    if words == ["root"]:
        return "root"
    if words == ["0", "free"]:
        return "sudo"
    if words == ["missing"]:
        raise SudoRefused(
            f"{user} cannot become root",
            why="sudo is not installed",
            fix="install sudo on the host, or log in as root (`user: root`)",
            host=session.host,
        )
    if password is None or not _asks_for_password(stderr_of(found)):
        raise refusal(stderr_of(found), host=session.host, user=user)
    return _try_password(session, password, user)


def _try_password(session: Execution, password: Secret, user: str) -> Method:
    """One attempt: stdin ends after the password, so that sudo cannot ask a second time."""
    markers = Markers.fresh()
    begin, end = markers.words()
    command = (
        f"/bin/sh -c 'printf %s%s {begin}; printf %s%s {begin} >&2; "
        "LC_ALL=C timeout -k 5 60 sudo -k -S -H -p password: -- /bin/sh -c :; "
        f'printf "%s%s %d\\n" {end} $?; printf "%s%s\\n" {end} >&2\''
    )
    stdin = f"{password.reveal()}\n".encode()
    found = exchange(session, command, stdin, markers, timeout=PROBE_TIMEOUT)
    if found.exit_status != 0:
        raise refusal(stderr_of(found), host=session.host, user=user, password_given=True)
    return "sudo with password"


def stderr_of(found: Completed) -> str:
    """sudo's messages on one line, without its prompt."""
    text = found.stderr.decode("utf-8", "replace").replace("password:", " ")
    return " ".join(text.split())[-400:]


# (pattern of sudo's message, why, fix), first match wins.
REFUSALS = (
    (
        "must have a tty",
        "requiretty is set in its sudoers",
        "run `visudo` on the host and add `Defaults:{user} !requiretty`",
    ),
    (
        "is not in the sudoers file|is not allowed to (execute|run sudo)|may not run sudo",
        "its sudoers does not allow {user} to run /bin/sh as root",
        "run `visudo` on the host and add `{user} ALL=(ALL) ALL`",
    ),
    (
        "incorrect password attempt|Sorry, try again|no password was provided",
        "the sudo password is wrong (one attempt was made)",
        "correct `sudoPassword` in the inventory",
    ),
    (
        "a password is required|a terminal is required|no tty present|askpass",
        "sudo asks for a password and none is set",
        "set `sudoPassword` in the inventory, e.g. `sudoPassword: {{prompt: true}}`, "
        "or add `{user} ALL=(ALL) NOPASSWD: ALL` with `visudo` on the host",
    ),
    (
        "account validation failure|account is locked|password expired|new password",
        "its account or password has expired",
        "log in by hand, change the password, then run again",
    ),
)


def refusal(words: str, *, host: str, user: str, password_given: bool = False) -> SudoRefused:
    """The error for sudo's message."""
    for pattern, why, fix in REFUSALS:
        if re.search(pattern, words):
            return SudoRefused(
                f"{user} cannot become root", why=why.format(user=user), fix=fix.format(user=user), host=host
            )
    given = "with the password" if password_given else "without a password"
    return SudoRefused(
        f"{user} cannot become root",
        why=f"sudo failed {given}, with this message: {words or '(none)'}",
        fix="make `sudo -n true` work for that user, log in as root, or set `sudoPassword`",
        host=host,
    )


def _asks_for_password(words: str) -> bool:
    return bool(re.search(REFUSALS[3][0], words))
