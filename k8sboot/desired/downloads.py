"""The inventory's proxies on a host: for package managers, downloads and the container runtime, never for the API."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from k8sboot import runtime
from k8sboot.host.files import File
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Reads
from k8sboot.inventory.model import Spec
from k8sboot.paths import PROXY, runtime_proxy
from k8sboot.secret import Secret
from k8sboot.templates import render

DOWNLOADS_BY = ("sh", "-c", 'set -a; . "$0"; exec "$@"', PROXY)
"""Words before a command that downloads: it gets the variables of that file, and no secret is in an argument."""


def reads(spec: Spec) -> Reads:
    """What proxy_files() reads of a host."""
    unit = runtime.of(spec).unit
    return Reads(files=(PROXY, runtime_proxy(unit)), units=(unit,))


def proxy_files(spec: Spec, host: Peer) -> tuple[File, ...]:
    """The variables, and the runtime's drop-in that reads them. Without proxies only if the host has had some.

    The runtime is not restarted for a host that only joins the list of those that are reached directly.
    """
    now = host.read_file(PROXY)
    if not spec.proxy.urls and now is None:
        return ()
    text = render("proxy.env.j2", variables=dict(_variables(spec)), fixed=",".join(_fixed(spec)))
    unit = runtime.of(spec).unit
    is_new = now is None or _without_hosts(now) != _without_hosts(text)
    content = Secret(text) if spec.proxy.password else text
    return (
        File(PROXY, content, mode=0o600, restarts=(unit,) if is_new else ()),
        File(runtime_proxy(unit), render("service-proxy.conf.j2", file=PROXY), restarts=(unit,)),
    )


def _variables(spec: Spec) -> Iterator[tuple[str, str]]:
    if not spec.proxy.urls:
        return
    for name, url in (("http_proxy", spec.proxy.http), ("https_proxy", spec.proxy.https)):
        if url:
            scheme, _, place = url.partition("://")
            yield name, f"{scheme}://{_login(spec)}{place}"
    yield "no_proxy", ",".join(reached_directly(spec))


def _login(spec: Spec) -> str:
    if not spec.proxy.user:
        return ""
    password = f":{quote(spec.proxy.password.reveal(), safe='')}" if spec.proxy.password else ""
    return f"{quote(spec.proxy.user, safe='')}{password}@"


def reached_directly(spec: Spec) -> tuple[str, ...]:
    """The inventory's noProxy, the cluster's networks, names and endpoint, and its hosts."""
    hosts = (word for host in spec.hosts for word in (host.address, host.name))
    return tuple(dict.fromkeys((*_fixed(spec), *hosts)))


def _fixed(spec: Spec) -> tuple[str, ...]:
    cluster = spec.cluster
    endpoint = cluster.control_plane_endpoint.rpartition(":")[0].strip("[]")
    own = (cluster.pod_subnet, cluster.service_subnet, endpoint, ".svc", f".{cluster.dns_domain}")
    return tuple(dict.fromkeys((*spec.proxy.no_proxy, "localhost", "127.0.0.1", "::1", *own)))


def _without_hosts(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("no_proxy=")]
