"""What a text of the inventory may look like: functions that return its normal form or raise FormError."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from k8sboot.kubernetes.release_table import RELEASES

Form = Callable[[str], str]

LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
VERSION = re.compile(r"v?(\d{1,3})\.(\d{1,3})\.(\d{1,3})", re.ASCII)

_DNS_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?", re.IGNORECASE | re.ASCII)
_PEM = re.compile(
    r"(?:-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]{1,65536}-----END CERTIFICATE-----\s{0,8}){1,64}"
)
_ZONE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}")
"""The name of an interface. It reaches shells: `%h` of a ProxyCommand."""


class FormError(Exception):
    """An invalid text. message says what it must be; the caller adds the value."""

    def __init__(self, message: str, suggestion: str = "", code: str = "KB-VALUE") -> None:
        super().__init__(message)
        self.message = message
        self.suggestion = suggestion
        self.code = code


def matching(pattern: str, wanted: str, suggestion: str = "") -> Form:
    """A form that is a regular expression, of ASCII's letters and digits; wanted describes it for messages."""
    compiled = re.compile(pattern, re.ASCII)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise FormError(f"must be {wanted}", suggestion)
        return text

    return check


word = matching(r"[A-Za-z0-9][A-Za-z0-9._-]*", "a word of letters, digits, `.`, `_` and `-`")
user = matching(r"[A-Za-z_][A-Za-z0-9._-]{0,31}\$?", "a user name")
_HOP = r"(?:[A-Za-z_][A-Za-z0-9._-]*@)?(?:[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?"
jump = matching(
    rf"none|{_HOP}(?:,{_HOP})*",
    "[USER@]HOST[:PORT], several separated by commas",
    "for example `ops@bastion.example.com`",
)
package = matching(r"[A-Za-z0-9][A-Za-z0-9.+_:~-]*", "a package name")
module = matching(r"[A-Za-z0-9][A-Za-z0-9_-]*", "a kernel module name")
sysctl = matching(r"[a-z0-9][A-Za-z0-9_./-]*", "a sysctl key", "for example `net.core.somaxconn`")
kernel_version = matching(
    r"\d{1,3}\.\d{1,3}(?:\.\d{1,5})?", "a kernel version", "for example `5.4` or `5.4.278`"
)
size = matching(r"[1-9][0-9]*[kmg]", "a size with the unit k, m or g", "for example `100m`")
version_prefix = matching(
    r"\d+(?:\.\d+){0,3}(?:-\d+)?", "a version or the first part of one", "for example `20.10`"
)
registry = matching(
    r"[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?(?:/\d{1,2})?",
    "HOST, HOST:PORT or a network",
    "for example `registry.lan:5000`",
)
registry_name = matching(
    r"_default|[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?",
    "HOST, HOST:PORT or _default",
    "for example `docker.io`",
)
login_name = matching(r"[!-9;-~]+", "a user without blanks and `:`")
host_path = matching(r"(?:/[A-Za-z0-9._-]+)+", "an absolute path", "for example `/data/containers`")
suite = matching(r"[A-Za-z0-9./_-]+", "a suite of an apt repository")
tagged_image = matching(
    r"[a-z0-9][a-z0-9._/-]*(?::[0-9]{1,5}/[a-z0-9._/-]+)?:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}",
    "an image with its tag",
    "for example `registry.k8s.io/pause:3.6`",
)
image_digest = matching(r"sha256:[0-9a-f]{64}", "a digest: sha256: and 64 hexadecimal digits")
image = matching(r"[a-z0-9][A-Za-z0-9._/:@-]*", "an image name")


def label(text: str) -> str:
    """An RFC 1123 label: what Kubernetes takes as a node's name without a dot."""
    if LABEL.fullmatch(text):
        return text
    near = re.sub(r"[^a-z0-9]+", "-", text.partition(".")[0].lower())[:63].strip("-")
    raise FormError(
        "must be an RFC 1123 label (up to 63 lower-case letters, digits and `-`)",
        f"did you mean `{near}`?" if near else "for example `k8s-node01`",
        "KB-NAME",
    )


def dns_name(text: str) -> str:
    """A DNS name of at most 253 characters, in lower case."""
    labels = text.rstrip(".").split(".")
    if len(text) > 253 or not all(_DNS_LABEL.fullmatch(part) for part in labels) or labels[-1].isdigit():
        raise FormError("must be a DNS name", "for example `node01.example.com`", "KB-ADDRESS")
    return text.rstrip(".").lower()


def kubernetes_name(text: str) -> str:
    """A DNS name that Kubernetes takes, as dns_name."""
    if "_" in text:
        raise FormError("must have no `_`: Kubernetes refuses names with it", code="KB-ADDRESS")
    return dns_name(text)


def address(text: str) -> str:
    """An IP address (also IPv6, also with a zone) or a DNS name."""
    bare, percent, zone = text.partition("%")
    try:
        found = str(ipaddress.ip_address(bare))
    except ValueError:
        found = ""
    if found and percent and not (":" in found and _ZONE.fullmatch(zone)):
        raise FormError("has a zone that is not an interface", "for example `fe80::1%eth0`", "KB-ADDRESS")
    if found:
        return found + percent + zone
    if ":" in text and "/" not in text:
        raise FormError(
            "must be an address without a port", "set the SSH port with `ssh: {port: ...}`", "KB-ADDRESS"
        )
    try:
        return dns_name(text)
    except FormError:
        raise FormError(
            "must be an IP address or a DNS name", "for example `192.168.1.10`", "KB-ADDRESS"
        ) from None


def address_of_all(text: str) -> str:
    """An IP address or a DNS name with the same meaning on every machine, also for Kubernetes: no zone and no `_`."""
    if "%" in text:
        raise FormError(
            "must be an address without a zone", f"did you mean `{text.partition('%')[0]}`?", "KB-ADDRESS"
        )
    return kubernetes_name(text) if "_" in text else address(text)


def ip_address(text: str) -> str:
    """An IP address, without a zone."""
    try:
        found = str(ipaddress.ip_address(text))
    except ValueError:
        found = "%"
    if "%" in found:
        raise FormError("must be an IP address of the host itself", "for example `10.0.0.10`", "KB-ADDRESS")
    return found


def alternative_name(text: str) -> str:
    """What a certificate may be issued for: an address, or a DNS name that begins with `*.`."""
    return f"*.{kubernetes_name(text[2:])}" if text.startswith("*.") else address_of_all(text)


def kubernetes_version(text: str) -> str:
    """A released version as vX.Y.Z."""
    if found := VERSION.fullmatch(text):
        return "v" + ".".join(str(int(number)) for number in found.groups())
    minor = text.removeprefix("v")
    newest = next((row.newest for row in RELEASES if row.name == minor), "")
    fix = f"did you mean `{newest}`?" if newest else f"for example `{RELEASES[-1].newest}`"
    raise FormError("must be a version with its patch release, X.Y.Z", fix, "KB-VERSION")


def calico_version(text: str) -> str:
    """A Calico release as vX.Y.Z."""
    if found := VERSION.fullmatch(text):
        return "v" + ".".join(str(int(number)) for number in found.groups())
    raise FormError(
        "must be a Calico version with its patch release, X.Y.Z", "for example `v3.25.2`", "KB-VERSION"
    )


def network(text: str) -> str:
    """One IPv4 network in CIDR form without host bits."""
    if "," in text:
        fix = "use one IPv4 network"
        raise FormError(
            "must be one network (dual-stack clusters are not supported yet)", fix, "KB-DUAL-STACK"
        )
    try:
        wide = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise FormError(
            "must be a network such as 172.16.0.0/16", "write it as ADDRESS/PREFIX", "KB-NET-FORM"
        ) from None
    if wide.version == 6:
        raise FormError(
            "must be an IPv4 network (IPv6 clusters are not supported yet)",
            "use an IPv4 network",
            "KB-DUAL-STACK",
        )
    if "/" not in text:
        raise FormError("must have a prefix length", f"did you mean `{text}/16`?", "KB-NET-FORM")
    if str(wide.network_address) != text.partition("/")[0]:
        raise FormError(
            "must be a network address without host bits", f"did you mean `{wide}`?", "KB-NET-FORM"
        )
    return str(wide)


def certificates(text: str) -> str:
    """A file, or certificates in PEM form."""
    if not text.startswith("-----BEGIN") or _PEM.fullmatch(text):
        return text
    raise FormError("must be a file, or certificates in PEM form", "paste them behind `|`")


def timezone(text: str) -> str:
    """A tz database name: Area/City, or UTC."""
    if text == "UTC" or re.fullmatch(r"[A-Z][A-Za-z]+(?:/[A-Z][A-Za-z0-9_+-]*){1,2}", text):
        return text
    near = "/".join(part[:1].upper() + part[1:] for part in text.replace(" ", "_").split("/"))
    fix = (
        f"did you mean `{near}`?" if "/" in text and near != text else "for example `Asia/Shanghai`, or `UTC`"
    )
    raise FormError("must be a time zone as Area/City", fix)


def host_key(text: str) -> str:
    """A pinned host key as its fingerprint, SHA256:...; the public key itself is taken too."""
    if re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}=?", text):
        return text.removesuffix("=")
    import base64  # late, as few inventories have one
    import hashlib

    words = text.split()
    try:
        if len(words) >= 2 and re.fullmatch(r"(?:ssh|ecdsa|sk)-[a-z0-9@.-]+", words[0]):
            digest = hashlib.sha256(base64.b64decode(words[1], validate=True)).digest()
            return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"
    except ValueError:
        pass
    fix = "run `ssh-keyscan HOST` for the key, or `ssh-keygen -lf FILE` for its fingerprint"
    raise FormError("must be a public host key or its SHA256 fingerprint", fix)


def sha256(text: str) -> str:
    """64 hexadecimal digits, in lower case."""
    if re.fullmatch(r"[0-9a-fA-F]{64}", text):
        return text.lower()
    fix = "remove the prefix `sha256:`" if text.startswith("sha256:") else "run `sha256sum FILE` to get it"
    raise FormError("must be the 64 hexadecimal digits of a SHA-256", fix)


def fingerprint(text: str) -> str:
    """OpenPGP fingerprints, parted by commas: 40 or 64 hexadecimal digits each; in upper case, parted by blanks."""
    found = [re.sub(r"[\s:]", "", each).upper() for each in text.split(",")]
    if all(re.fullmatch(r"[0-9A-F]{40}|[0-9A-F]{64}", each) for each in found):
        return " ".join(found)
    raise FormError(
        "must be the 40 hexadecimal digits of a key's fingerprint", "run `gpg --show-keys FILE` to get it"
    )
