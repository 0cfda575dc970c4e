"""From a byte stream to an encrypted transport whose host key was judged. No authentication in here."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import cast

from paramiko import SSHException, Transport
from paramiko.ssh_exception import IncompatiblePeer

from k8sboot.errors import ConnectError, ConnectionLost, Unreachable
from k8sboot.ssh.host_keys import Judge
from k8sboot.ssh.link import WatchedStream
from k8sboot.ssh.login import Login

BANNER_TIMEOUT = 15.0
AUTH_TIMEOUT = 20.0
CHANNEL_TIMEOUT = 15.0
CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
)
WEAK_MACS = ("hmac-md5", "hmac-md5-96", "hmac-sha1-96")
TURNED_AWAY = (b"Exceeded MaxStartups",)
PROXY_FIX = "run it by hand, correct it in ~/.ssh/config, or set `configFile: none` in the inventory"
PENALISED = b"Not allowed at this time"


class Dropped(Exception):
    """The server hung up before it said a word: too many half-open connections. Worth a retry."""


def negotiate(wire: WatchedStream, login: Login, notice: Callable[[str], None]) -> Transport:
    """Agree on keys with the server behind wire and check its host key.

    Raises Dropped, Unreachable (no SSH server there), HostKeyRefused, ConnectionLost.
    """
    # paramiko documents that any object with a socket's send, recv, close and settimeout will do.
    transport = Transport(cast(socket.socket, wire), disabled_algorithms={"macs": list(WEAK_MACS)})
    transport.banner_timeout = BANNER_TIMEOUT
    transport.auth_timeout = AUTH_TIMEOUT
    transport.channel_timeout = CHANNEL_TIMEOUT
    options = transport.get_security_options()
    options.ciphers = CIPHERS
    judge = Judge(login, notice)
    options.key_types = judge.preferred(list(options.key_types))
    try:
        _start(transport, wire, login)
        judge.check(transport.get_remote_server_key().asbytes())
    except BaseException:
        abandon(transport)
        raise
    return transport


def abandon(transport: Transport) -> None:
    """Close a transport, whatever state it is in."""
    with contextlib.suppress(Exception):
        transport.close()


def _start(transport: Transport, wire: WatchedStream, login: Login) -> None:
    done = threading.Event()
    deadline = time.monotonic() + BANNER_TIMEOUT + login.target.connect_timeout
    transport.start_client(event=done)
    while not done.wait(0.05) and transport.is_active() and time.monotonic() < deadline:
        pass
    if transport.is_active() and transport.initial_kex_done:
        return
    error = transport.get_exception() or TimeoutError("the handshake did not end in time")
    raise _why_not(error, wire, login)


def _why_not(error: BaseException, wire: WatchedStream, login: Login) -> Exception:
    first = wire.first
    problem = wire.problem()
    if problem and not first:
        return Unreachable("the ProxyCommand leads nowhere", why=problem, fix=PROXY_FIX, host=login.name)
    if first.startswith(TURNED_AWAY) or (not first and _ended(error)):
        return Dropped(
            "more half-open connections than its MaxStartups allows" if first else "it said nothing at all"
        )
    if first.startswith(PENALISED):
        return Unreachable(
            "the SSH server turns this machine away for now",
            why="PerSourcePenalties in its sshd_config: too many failed logins from here",
            fix="wait a minute and run again, or list this machine under PerSourcePenaltyExemptList",
            host=login.name,
        )
    if not first:
        return Unreachable(
            f"no SSH server speaks at {login.address}:{login.port}",
            why=f"something took the connection and said nothing for {BANNER_TIMEOUT:g} s",
            fix="check the port; if it is right, the machine is overloaded or its sshd hangs",
            host=login.name,
        )
    if b"SSH-" not in first:
        said = first[:80].decode("ascii", "replace")
        return Unreachable(
            f"what listens at {login.address}:{login.port} is no SSH server",
            why=f"it said {said!r}",
            fix="correct `address` or `port`",
            host=login.name,
        )
    return _broken_off(error, login)


def _broken_off(error: BaseException, login: Login) -> ConnectError:
    if isinstance(error, IncompatiblePeer):
        return Unreachable(
            "no common encryption with the SSH server",
            why=str(error),
            fix="update OpenSSH on the host; k8sboot does not speak CBC ciphers and SHA-1 signatures",
            host=login.name,
        )
    return ConnectionLost(
        "the SSH connection broke off while keys were agreed on",
        why=str(error) or type(error).__name__,
        fix="run again; if it stays, look into the host's sshd log (`journalctl -u ssh -u sshd`)",
        host=login.name,
    )


def _ended(error: BaseException) -> bool:
    """Whether the other side hung up, rather than kept silent."""
    cause = error.__context__ if isinstance(error, SSHException) else error
    return isinstance(cause, (EOFError, ConnectionError))
