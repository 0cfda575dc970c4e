"""Log in: the key the inventory names, then the agent, then the default keys, then the password.

At most TRIES keys are offered in all: servers hang up after six failures, and newer ones lock the source out.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from paramiko import Agent, AuthenticationException, BadAuthenticationType, PKey, SSHException, Transport

from k8sboot.errors import AuthenticationFailed, ConnectError, ConnectionLost
from k8sboot.ssh import keys
from k8sboot.ssh.known_hosts import fingerprint
from k8sboot.ssh.login import Login
from k8sboot.ssh.refusals import PASSING, explained, quoted

TRIES = 5
AGENT_TIMEOUT = 3.0
LIST_IDENTITIES = b"\0\0\0\1\x0b"


class ClosedAtLogin(Exception):
    """The server closed the connection when the first key or password was offered. Worth a retry or two."""


@dataclass
class _Attempts:
    """What has been offered so far, and the results."""

    login: Login
    transport: Transport
    report: list[str] = field(default_factory=list)
    offered: set[bytes] = field(default_factory=set)
    allowed: tuple[str, ...] = ()
    tries: int = 0

    def key(self, key: PKey, label: str) -> bool:
        """Offer a key, once, while there are tries left; whether the server accepted it."""
        if key.asbytes() in self.offered or self.tries >= TRIES or self.refuses("publickey"):
            return False
        self.offered.add(key.asbytes())
        return self.attempt(lambda: self.transport.auth_publickey(self.login.user, key), label)

    def refuses(self, method: str) -> bool:
        return bool(self.allowed) and method not in self.allowed

    def attempt(self, do: Callable[[], list[str]], label: str) -> bool:
        self.tries += 1
        try:
            further = do()
        except (SSHException, OSError, EOFError) as error:
            self.note(error, label)
            return False
        if further:
            self.allowed = tuple(further)
            self.report.append(f"{label}: accepted, but the server also requires {', '.join(further)}")
        return not further

    def note(self, error: Exception, label: str) -> None:
        """Record a failed attempt; raise when another one makes no sense."""
        hung_up = not self.transport.is_active()
        if hung_up and (words := _last_words(self.transport)):
            raise self.turned_away(words, label)
        if "timeout" in str(error).lower() or (hung_up and not self.report):
            raise ClosedAtLogin(label) if _is_closed(error) else self.lost(str(error))
        reason = "refused"
        if isinstance(error, BadAuthenticationType):
            self.allowed = tuple(error.allowed_types)
            reason = f"the server accepts only {', '.join(error.allowed_types)}"
        elif not isinstance(error, AuthenticationException):
            reason = str(error) or type(error).__name__
        self.report.append(f"{label}: {reason}")
        if hung_up:
            raise self.failed("the server closed the connection")

    def lost(self, why: str) -> ConnectionLost:
        return ConnectionLost(
            "the SSH connection died during login", why=why, fix="run again", host=self.login.name
        )

    def turned_away(self, words: str, label: str) -> ConnectError:
        """The error for a login that the server's account rules refused with these words."""
        if PASSING.search(words):
            return self.lost(f"the host is booting or shutting down: {quoted(words)}")
        why, fix = explained(words, self.login.user) or (
            f"the server closed the connection after this message: {quoted(words)}",
            "do what the message asks for; see the host's sshd log (`journalctl -u ssh -u sshd`)",
        )
        return AuthenticationFailed(
            f"cannot log in as {self.login.user} at {self.login.address}:{self.login.port}",
            why=f"{why} ({label})",
            fix=fix,
            host=self.login.name,
        )

    def failed(self, why: str = "") -> AuthenticationFailed:
        tried = "; ".join(self.report) or "no key, agent or password to try"
        return AuthenticationFailed(
            f"cannot log in as {self.login.user} at {self.login.address}:{self.login.port}",
            why=f"{why}: {tried}" if why else tried,
            fix=f"make `ssh -p {self.login.port} {self.login.user}@{self.login.address}` work without a "
            "prompt, e.g. with `ssh-copy-id`; or set `user`, `identityFile` or `password` in the inventory",
            host=self.login.name,
        )


def authenticate(transport: Transport, login: Login) -> None:
    """Log in over an encrypted transport. Raises AuthenticationFailed with all attempts, ClosedAtLogin."""
    attempts = _Attempts(login, transport)
    offers = [_inventory_key, _agent_keys, _default_keys, _password]
    if not any(offer(attempts) for offer in offers):
        raise attempts.failed()
    if not transport.is_authenticated():
        raise ConnectionLost("the connection died right after login", host=login.name)


def _last_words(transport: Transport) -> str:
    """What the server said before it closed the connection: PAM's message about the account, '' if nothing.

    A banner of sshd_config comes before the first attempt, and only then; PAM's message replaces it.
    """
    # get_banner() is for live transports only
    banner = getattr(transport.auth_handler, "banner", None)
    return banner.decode("utf-8", "replace").strip() if isinstance(banner, bytes) else ""


def _is_closed(error: Exception) -> bool:
    """Whether the server closed the connection properly, rather than the link failed."""
    return isinstance(error, EOFError) or "saw EOF" in str(error)


def _inventory_key(attempts: _Attempts) -> bool:
    path = attempts.login.identity
    return path is not None and _file_key(attempts, path, f"identityFile {path}")


def _file_key(attempts: _Attempts, path: Path, label: str) -> bool:
    try:
        key = keys.load(path, attempts.login.target.passphrase)
    except keys.Unusable as error:
        attempts.report.append(f"{label}: {error}")
        return False
    certified = " (with its certificate)" if key.public_blob else ""
    return attempts.key(key, label + certified)


def _agent_keys(attempts: _Attempts) -> bool:
    if not _agent_answers(attempts):
        return False
    try:
        agent = Agent()
    except (SSHException, OSError, EOFError) as error:
        attempts.report.append(f"agent: {error}")
        return False
    try:
        return any(_agent_key(attempts, key) for key in _in_order(attempts.login, agent.get_keys()))
    finally:
        agent.close()


def _in_order(login: Login, found: Sequence[PKey]) -> list[PKey]:
    """The agent's keys, those named by the inventory or ssh_config first; with IdentitiesOnly no others."""
    named = [keys.public_part(path) for path in (login.identity, *login.key_files) if path is not None]
    return sorted(
        (key for key in found if key.asbytes() in named or not login.identities_only),
        key=lambda key: key.asbytes() not in named,
    )


def _agent_key(attempts: _Attempts, key: PKey) -> bool:
    label = f"agent key {fingerprint(key.asbytes())}"
    if key.get_name().startswith("sk-"):
        attempts.report.append(f"{label}: {keys.SECURITY_KEY}")
        return False
    return attempts.key(key, label)


def _agent_answers(attempts: _Attempts) -> bool:
    """Whether there is an agent that answers: paramiko would wait forever for one that does not."""
    place = os.environ.get("SSH_AUTH_SOCK")
    if not place:
        return False
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(AGENT_TIMEOUT)
            probe.connect(place)
            probe.sendall(LIST_IDENTITIES)
            return len(probe.recv(4, socket.MSG_WAITALL)) == 4
    except TimeoutError:
        attempts.report.append("agent: not responding")
    except OSError as error:
        attempts.report.append(f"agent: {error.strerror or error}")
    return False


def _default_keys(attempts: _Attempts) -> bool:
    return any(_file_key(attempts, path, f"key {path}") for path in _existing(attempts.login))


def _existing(login: Login) -> Iterator[Path]:
    return (path for path in login.key_files if path != login.identity and path.is_file())


def _password(attempts: _Attempts) -> bool:
    secret = attempts.login.target.password
    if secret is None:
        if attempts.tries == 0 and not attempts.report:
            attempts.report.append("no key file exists, no agent is running, and no password is set")
        return False
    login, transport = attempts.login, attempts.transport

    def answer(_title: str, _instructions: str, prompts: list[tuple[str, bool]]) -> list[str]:
        return [secret.reveal() for _ in prompts]

    if not attempts.refuses("password") and attempts.attempt(
        lambda: transport.auth_password(login.user, secret.reveal(), fallback=False), "password"
    ):
        return True
    if "keyboard-interactive" not in attempts.allowed:
        return False
    return attempts.attempt(
        lambda: transport.auth_interactive(login.user, answer), "password (keyboard-interactive)"
    )
