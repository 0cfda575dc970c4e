"""The inventory's `proxy` section, and the forms of its keys."""

import re
from dataclasses import dataclass
from typing import Annotated

from k8sboot.inventory.forms import FormError, matching
from k8sboot.secret import Secret

_PROXY = re.compile(r"https?://(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\]):\d{1,5}")


def proxy(text: str) -> str:
    """SCHEME://HOST:PORT of a proxy. A login in it would be shown wherever the address is."""
    bare = text.rstrip("/")
    if "@" in bare:
        raise FormError("must have no user and password", "set them as `proxy.user` and `proxy.password`")
    if not _PROXY.fullmatch(bare):
        raise FormError(
            "must be http://HOST:PORT or https://HOST:PORT", "for example `http://proxy.lan:3128`"
        )
    return bare


direct = matching(
    r"\.?[A-Za-z0-9][A-Za-z0-9.:-]*(?:/\d{1,3})?",
    "a host, a domain or a network",
    "for example `registry.lan`, `.example.com` or `10.0.0.0/8`",
)
proxy_user = matching(r"[^\s:@/]+", "a user name without spaces, `:`, `@` and `/`")


@dataclass(frozen=True)
class ProxySettings:
    """The `proxy` section.

    http: No default: the proxy for http:// URLs of packages and images. It is never used for the cluster's API.
    https: No default: the proxy for https:// URLs, often the same.
    no_proxy: Hosts, domains and networks to reach directly. The cluster's own are added.
    user: No default: the user at a proxy that requires a login.
    password: No default: that user's password.
    """

    http: Annotated[str | None, proxy] = None
    https: Annotated[str | None, proxy] = None
    no_proxy: Annotated[tuple[str, ...], direct] = ()
    user: Annotated[str | None, proxy_user] = None
    password: Secret | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        """The proxies, each once, without a login."""
        return tuple(dict.fromkeys(url for url in (self.http, self.https) if url))
