"""The form of the API server's endpoint, as in forms.py."""

from __future__ import annotations

import re

from k8sboot.inventory.forms import FormError, address_of_all
from k8sboot.kubernetes.ports import API_SERVER

_PORT = re.compile(r"[1-9][0-9]{0,4}")


def endpoint(text: str) -> str:
    """HOST:PORT; a bare host gets the API server's usual port. IPv6 with a port is written [::1]:6443."""
    host, port = split_endpoint(text)
    if not _PORT.fullmatch(port) or int(port) > 65535:
        raise FormError(
            "must be HOST:PORT with a port from 1 to 65535",
            f"did you mean `{host}:{API_SERVER}`?",
            "KB-ENDPOINT",
        )
    try:
        if text.startswith("[") and ":" not in host:
            raise FormError("must have brackets around an IPv6 address only")
        return joined_endpoint(address_of_all(host), int(port))
    except FormError as error:
        fix = (
            f"did you mean `{text.partition('://')[2]}`?"
            if "://" in text
            else f"for example `k8s-api.example.com:{API_SERVER}`"
        )
        raise FormError(
            "must be HOST or HOST:PORT" if error.suggestion else error.message, fix, "KB-ENDPOINT"
        ) from None


def split_endpoint(text: str) -> tuple[str, str]:
    """Host and port of an endpoint; the usual one where none is written."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest.removeprefix(":") if rest else str(API_SERVER)
    if text.count(":") != 1:
        return text, str(API_SERVER)
    host, _, port = text.partition(":")
    return host, port


def joined_endpoint(host: str, port: int) -> str:
    """host:port, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
