"""From a byte stream to an encrypted transport with a verified host key. No authentication here."""

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
MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512")
KEY_EXCHANGES = (
    "mlkem768x25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group14-sha256",
)
HOST_KEYS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
TOO_MANY_STARTUPS = (b"Exceeded MaxStartups",)
PROXY_FIX = "run it by hand and correct it in ~/.ssh/config, or set `configFile: none` in the inventory"
PENALISED = b"Not allowed at this time"


class Dropped(Exception):
    """The server closed the connection before its banner: too many half-open connections. Worth a retry."""


def negotiate(stream: WatchedStream, login: Login, notice: Callable[[str], None]) -> Transport:
    """Exchange keys with the server at the other end of the stream and check its host key.

    Raises Dropped, Unreachable (no SSH server there), HostKeyRefused, ConnectionLost.
    """
    # paramiko takes any object with a socket's send, recv, close and settimeout, as it documents.
    transport = Transport(cast(socket.socket, stream))
    transport.banner_timeout = BANNER_TIMEOUT
    transport.auth_timeout = AUTH_TIMEOUT
    transport.channel_timeout = CHANNEL_TIMEOUT
    options = transport.get_security_options()
    options.ciphers = CIPHERS
    options.digests = MACS
    options.kex = tuple(each for each in KEY_EXCHANGES if each in options.kex)
    judge = Judge(login, notice)
    options.key_types = judge.preferred(HOST_KEYS)
    try:
        _start(transport, stream, login)
        judge.check(transport.get_remote_server_key().asbytes())
    except BaseException:
        abandon(transport)
        raise
    return transport


def abandon(transport: Transport) -> None:
    """Close a transport, whatever state it is in."""
    with contextlib.suppress(Exception):
        transport.close()


def _start(transport: Transport, stream: WatchedStream, login: Login) -> None:
    done = threading.Event()
    deadline = time.monotonic() + BANNER_TIMEOUT + login.target.connect_timeout
    transport.start_client(event=done)
    while not done.wait(0.05) and transport.is_active() and time.monotonic() < deadline:
        pass
    if transport.is_active() and transport.initial_kex_done:
        return
    error = transport.get_exception() or TimeoutError("the handshake did not end in time")
    raise _why_not(error, stream, login)


def _why_not(error: BaseException, stream: WatchedStream, login: Login) -> Exception:
    first = stream.first
    problem = stream.problem()
    if problem and not first:
        return Unreachable("the ProxyCommand did not connect", why=problem, fix=PROXY_FIX, host=login.name)
    if first.startswith(TOO_MANY_STARTUPS) or (not first and _ended(error)):
        return Dropped(
            "more half-open connections than its MaxStartups allows" if first else "it sent no banner"
        )
    if first.startswith(PENALISED):
        return Unreachable(
            "the SSH server temporarily rejects this machine",
            why="PerSourcePenalties in its sshd_config: too many failed logins from this machine",
            fix="wait a minute and run again, or list this machine under PerSourcePenaltyExemptList",
            host=login.name,
        )
    if not first:
        return Unreachable(
            f"no answer from an SSH server at {login.address}:{login.port}",
            why=f"the connection was accepted, but no banner came within {BANNER_TIMEOUT:g} s",
            fix="check the port; if it is right, check the machine's load and restart its sshd",
            host=login.name,
        )
    if b"SSH-" not in first:
        banner = first[:80].decode("ascii", "replace")
        return Unreachable(
            f"{login.address}:{login.port} is not an SSH server",
            why=f"it sent {banner!r}",
            fix="correct `address` or `port`",
            host=login.name,
        )
    return _broken_off(error, login)


def _broken_off(error: BaseException, login: Login) -> ConnectError:
    if isinstance(error, IncompatiblePeer):
        return Unreachable(
            "no encryption in common with the SSH server",
            why=str(error),
            fix="update OpenSSH on the host; k8sboot does not use CBC ciphers, and neither SHA-1 nor MD5",
            host=login.name,
        )
    return ConnectionLost(
        "the SSH connection was lost during the key exchange",
        why=str(error) or type(error).__name__,
        fix="run again; if it persists, check the host's sshd log (`journalctl -u ssh -u sshd`)",
        host=login.name,
    )


def _ended(error: BaseException) -> bool:
    """Whether the other side closed the connection, rather than sent nothing."""
    cause = error.__context__ if isinstance(error, SSHException) else error
    return isinstance(cause, (EOFError, ConnectionError))
