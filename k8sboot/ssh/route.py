"""The route to a host (direct, through bastions, by a ProxyCommand), and a logged-in session over it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from paramiko import ChannelException, SSHException

from k8sboot.errors import AuthenticationFailed, Unreachable
from k8sboot.ssh import proxy_command
from k8sboot.ssh.authenticate import ClosedAtLogin, authenticate
from k8sboot.ssh.execution import Execution, login_wait
from k8sboot.ssh.handshake import Dropped, abandon, negotiate
from k8sboot.ssh.link import WatchedStream, dial
from k8sboot.ssh.login import Login
from k8sboot.ssh.retry import backoff, retry
from k8sboot.ssh.ssh_config import resolve, split_hop
from k8sboot.ssh.target import Target

Notice = Callable[[str], None]

AT_ONCE = 50
AT_ONCE_PER_BASTION = 8
DROPPED_RETRIES = 5
CLOSED_PAUSES = (0.5, 1.5)

_handshakes = threading.BoundedSemaphore(AT_ONCE)


def open_session(login: Login, notice: Notice) -> Execution:
    """Connect, check the host key and log in. Raises ConnectError.

    Retries, a few times, only a server that hangs up before its banner: MaxStartups drops connections at random.
    """
    try:
        return retry(
            lambda: _let_in(login, notice),
            causes=(Dropped,),
            pauses=itertools.islice(backoff(0.3, 4.0, (0.5, 1.5)), DROPPED_RETRIES),
        )
    except Dropped as error:
        raise Unreachable(
            f"the SSH server at {login.address}:{login.port} closed the connection without a banner, "
            f"{DROPPED_RETRIES + 1} times",
            why=str(error),
            fix="raise MaxStartups in its sshd_config; check its log (`journalctl -u ssh -u sshd`)",
            host=login.name,
        ) from None


def _let_in(login: Login, notice: Notice) -> Execution:
    """An attempt; repeated if the server closes the connection at the login, as one that is shutting down does."""
    try:
        return retry(lambda: _attempt(login, notice), causes=(ClosedAtLogin,), pauses=CLOSED_PAUSES)
    except ClosedAtLogin as error:
        raise AuthenticationFailed(
            f"cannot log in as {login.user} at {login.address}:{login.port}",
            why=f"the server closed the connection {len(CLOSED_PAUSES) + 1} times without a message when it was "
            f"offered {error}: its account rules (PAM's access.conf, pam_nologin, pam_listfile) refuse {login.user}",
            fix="read the reason in the host's sshd log: `journalctl -u ssh -u sshd -n 20`; then admit that user, "
            "or set another `user` in the inventory",
            host=login.name,
        ) from None


def _attempt(login: Login, notice: Notice) -> Execution:
    with _gate(login), _stream_to(login, notice) as stream:
        transport = negotiate(stream, login, notice)
        try:
            authenticate(transport, login)
            stream.is_fresh = True
        except BaseException:
            abandon(transport)
            raise
        return Execution(login.name, transport, stream)


@contextmanager
def _gate(login: Login) -> Iterator[None]:
    """Limit concurrent handshakes: a bastion sees all of them as one client."""
    if not login.jump:
        with _handshakes:
            yield
        return
    with _bastion_of(login).gate:
        yield


@contextmanager
def _stream_to(login: Login, notice: Notice) -> Iterator[WatchedStream]:
    """The byte stream to the host; closed again when the block fails."""
    stream = _open_stream(login, notice)
    try:
        yield stream
    except BaseException:
        stream.close()
        raise


def _open_stream(login: Login, notice: Notice) -> WatchedStream:
    if login.jump:
        return _bastion_of(login).reach(login, notice)
    if login.proxy_command:
        return proxy_command.spawn(login.proxy_command, host=login.name)
    return dial(login.address, login.port, timeout=login.target.connect_timeout, host=login.name)


@dataclass
class _Bastion:
    """One jump host; its session is shared by all hosts behind it and reopened when it died."""

    login: Login
    gate: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(AT_ONCE_PER_BASTION)
    )
    lock: threading.Lock = field(default_factory=threading.Lock)
    session: Execution | None = None

    def reach(self, login: Login, notice: Notice) -> WatchedStream:
        """A stream to login's address, opened by the bastion. Raises ConnectError."""
        session = self._open(login, notice)
        try:
            channel = session.transport.open_channel(
                "direct-tcpip",
                (login.address, login.port),
                ("127.0.0.1", 0),
                timeout=login.target.connect_timeout + login_wait(session),
            )
        except ChannelException as error:
            raise self._refused(error, login) from None
        except (SSHException, EOFError, OSError) as error:
            raise Unreachable(
                f"cannot connect through the bastion {self.login.where}",
                why=str(error),
                host=login.name,
                fix="run again",
            ) from None
        return WatchedStream(channel)

    def _open(self, login: Login, notice: Notice) -> Execution:
        with self.lock:
            if self.session is None or not self.session.transport.is_active():
                self.session = open_session(self._named_for(login), notice)
            return self.session

    def _named_for(self, login: Login) -> Login:
        return replace(
            self.login, target=replace(self.login.target, name=f"{login.name}: bastion {self.login.where}")
        )

    def _refused(self, error: ChannelException, login: Login) -> Unreachable:
        there = f"{login.address}:{login.port}"
        if error.code == 1:
            return Unreachable(
                f"the bastion {self.login.where} does not forward to {there}",
                why=error.text,
                fix="set `AllowTcpForwarding yes` (and no PermitOpen) in the bastion's sshd_config",
                host=login.name,
            )
        return Unreachable(
            f"the bastion {self.login.where} cannot reach {there}",
            why=error.text,
            fix="check the address as seen from the bastion, and that sshd runs there",
            host=login.name,
        )


_bastions: dict[tuple[object, ...], _Bastion] = {}
_bastions_lock = threading.Lock()


def _bastion_of(login: Login) -> _Bastion:
    """The last bastion before login; those before it are its own jump."""
    *before, last = login.jump
    given = login.target
    key = (
        login.jump,
        given.jump_host_keys,
        given.identity_file,
        given.config_file,
        given.known_hosts_file,
        given.host_key_policy,
    )
    with _bastions_lock:
        if key not in _bastions:
            _bastions[key] = _Bastion(resolve(_bastion_target(given, last, before)))
        return _bastions[key]


def _bastion_target(given: Target, hop: str, before: Sequence[str]) -> Target:
    """How to log in to a bastion. The host's key may be used there, its password may not."""
    user, address, port = split_hop(hop)
    *others, pin = given.jump_host_keys or (None,)
    return replace(
        given,
        address=address,
        user=user,
        port=port,
        password=None,
        sudo_password=None,
        host_key=pin,
        jump=",".join(before) or "none",
        jump_host_keys=tuple(each for each in others if each),
    )
