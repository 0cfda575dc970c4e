"""The forms of URLs and image repositories."""

from __future__ import annotations

import re
from urllib.parse import unquote

from k8sboot.inventory.forms import FormError


def url(text: str) -> str:
    """An http or https URL."""
    if re.fullmatch(r"https?://[A-Za-z0-9._~\[\]:@%-]+(?:/[^\s\"'<>`\\{}|^]*)?", text):
        _check_login(text)
        return text
    fix = (
        f"did you mean `https://{text}`?"
        if "://" not in text
        else "for example `https://mirror.example.com/apt`"
    )
    raise FormError("must be a URL that begins with http:// or https://", fix)


def _check_login(text: str) -> None:
    """What package managers read of a login is words."""
    written = text.partition("://")[2].partition("/")[0].rpartition("@")[0]
    login = unquote(written)
    if "@" in written:
        raise FormError("has an `@` in its user or password", "write it as `%40`")
    if not re.fullmatch(r"[!-~]*", login) or set(login) & set("\"'\\#"):
        raise FormError("must have a login of printable characters without blanks, quotes, `#` and `\\`")


def url_without_login(text: str) -> str:
    """A URL that is written where all may read it, such as a command line."""
    if re.match(r"https?://[^/]*@", url(text)):
        raise FormError("must have no user and password", "use a server that requires none for these files")
    return text


def is_url(text: str) -> bool:
    """Whether text is a URL rather than a file."""
    return text.startswith(("http://", "https://"))


def url_or_file(text: str) -> str:
    """A URL, or a path of this machine."""
    if is_url(text):
        return url(text)
    if "://" in text:
        raise FormError("must be a URL that begins with http:// or https://, or a file")
    return text


def image_repository(text: str) -> str:
    """REGISTRY[:PORT]/PATH as images are named: no scheme, no tag."""
    if re.fullmatch(r"[a-z0-9][a-z0-9.-]*(?::[0-9]{1,5})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*", text):
        return text
    bare = text.partition("://")[2].rstrip("/") if "://" in text else text.rstrip("/").lower()
    raise FormError(
        "must be REGISTRY[:PORT]/PATH",
        f"did you mean `{bare}`?" if bare != text else "for example `registry.k8s.io`",
    )
