"""Join tokens for operators, on the first master."""

from __future__ import annotations

import re
from collections.abc import Sequence

from k8sboot.desired.kubeadm import CGROUP_V1_CHECKS, accepts_cgroup_v1
from k8sboot.errors import UsageError
from k8sboot.host.host import Host
from k8sboot.host.node_address import found_on
from k8sboot.host.peer import Peer
from k8sboot.inventory.build import endpoint_is_default, with_node_addresses
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import commands, tokens
from k8sboot.kubernetes.paths import CA_CERT
from k8sboot.kubernetes.pki import ca_cert_hash
from k8sboot.secret import Secret
from k8sboot.text.table import table

DESCRIPTION = "k8sboot token new"
_TTL = re.compile(r"(?=\d)(\d+h)?(\d+m)?(\d+s)?")


def new_join_line(spec: Spec, host: Host, *, ttl: str, is_control_plane: bool) -> Secret:
    """The join command of a new token. ttl: a duration in Go's form; '0', which never expires, is refused."""
    if not _TTL.fullmatch(ttl) or not ttl.strip("0hms"):
        raise UsageError(
            f"{ttl!r} is not a valid token lifetime", fix="use hours, minutes and seconds: 24h, 30m, 1h30m"
        )
    ca = host.known(host.read_file(CA_CERT), what="a cluster's CA", after="kubeadm-init")
    output = host.change("create a join token", commands.token_create(ttl=ttl, description=DESCRIPTION))
    key = ""
    if is_control_plane:
        uploaded = host.change(
            "upload the control plane's certificates", commands.upload_certs(), timeout=120
        )
        key = tokens.printed_certificate_key(uploaded).reveal()
    line = commands.join_line(
        _endpoint(spec, host),
        token=tokens.printed_token(output).reveal(),
        ca_cert_hash=ca_cert_hash(ca),
        certificate_key=key,
        ignore=CGROUP_V1_CHECKS if accepts_cgroup_v1(spec) else (),
    )
    return Secret(line)


def _endpoint(spec: Spec, host: Host) -> str:
    """The API server's, by the first master's own address where the inventory sets no endpoint."""
    if not endpoint_is_default(spec):
        return spec.cluster.control_plane_endpoint
    first = spec.masters[0]
    found = found_on(first, first, host.facts, lambda question: host.answer(question).text)
    return with_node_addresses(spec, {first.name: found.usable(first.name)}).cluster.control_plane_endpoint


def token_table(host: Peer) -> str:
    """The cluster's tokens as a table, without the secret part."""
    rows = [("ID", "EXPIRES", "USAGES", "DESCRIPTION")]
    for token in tokens.bootstrap_tokens(host.read(commands.token_secrets())):
        expires = token.expires.isoformat() if token.expires else "never"
        rows.append((token.id, expires, ",".join(token.usages), token.description))
    return "".join(f"{line}\n" for line in table(rows))


def revoke_tokens(host: Host, ids: Sequence[str]) -> None:
    """Delete tokens; UsageError, before any is deleted, when the cluster does not have one of them."""
    known = {token.id for token in tokens.bootstrap_tokens(host.read(commands.token_secrets()))}
    bare = [given.partition(".")[0] for given in ids]
    unknown = [given for given in bare if given not in known]
    if unknown:
        raise UsageError(
            f"the cluster has no token {', '.join(unknown)}", fix="`k8sboot token list` shows its tokens"
        )
    host.change(f"revoke {' '.join(bare)}", *[commands.token_delete(given) for given in bare])
