"""Causes in package managers and their repositories, by what apt, dpkg, yum and dnf say."""

from __future__ import annotations

from k8sboot.diagnosis.words import LogPattern

_URL = r"(?P<url>(?:https?|ftp)://[^\s'\"\]]+)"
_LOCKED = (
    "let it come to its end (unattended-upgrades takes minutes), then run again; never remove a lock file"
)

lock_held = LogPattern(
    "KB-PACKAGE-LOCK",
    (
        r"could not get lock (?P<file>\S+?)\. it is held by (?P<who>process \d+(?: \([^)]+\))?)",
        r"existing lock (?P<file>\S+): another copy is running as (?P<who>pid \d+)",
    ),
    "another program works with packages: {who} holds {file}",
    f"see what it is with `ps -ef | grep -E 'apt|dpkg|yum|dnf'`; {_LOCKED}",
)

lock = LogPattern(
    "KB-PACKAGE-LOCK",
    (
        r"could not get lock (?P<file>\S+) - open",
        r"unable to acquire the dpkg frontend lock \((?P<file>[^)]+)\)",
        r"can't create transaction lock on (?P<file>\S+)",
    ),
    "another program works with packages: {file} is locked",
    f"see who holds it with `fuser -v {{file}}`; {_LOCKED}",
)

interrupted = LogPattern(
    "KB-PACKAGES-INTERRUPTED",
    (r"dpkg was interrupted", r"there are unfinished transactions remaining", r"rpmdb open failed"),
    "an earlier installation was cut off, and the package manager wants that mended first",
    "run again: k8sboot repairs it; by hand `dpkg --configure -a && apt-get -f install`, or `yum-complete-transaction "
    "--cleanup-only; rpm --rebuilddb`",
)

signature = LogPattern(
    "KB-REPOSITORY-SIGNATURE",
    (
        r"(?P<what>(?:NO_PUBKEY|EXPKEYSIG|KEYEXPIRED|BADSIG|REVKEYSIG|EXPSIG) \w+)",
        r"(?P<what>repomd\.xml (?:GPG )?signature (?:could not be verified|verification error).*)",
        r"(?P<what>public key for \S+ is not installed)",
        r"(?P<what>package \S+ is not signed)",
        r"(?P<what>gpg key retrieval failed.*)",
        r"(?P<what>the gpg keys listed for .* are not correct for this package)",
        rf"the repository '{_URL}.* is (?P<what>not signed|no longer signed)",
    ),
    "a repository's signature does not hold: {what} {url}",
    "an old mirror or a changed key: look at the key that the repository publishes, and name it as `key` with its "
    "fingerprint in os.repositories; take another os.mirror where it has expired. k8sboot installs nothing unsigned",
)

not_found = LogPattern(
    "KB-REPOSITORY-404",
    (
        rf"{_URL}(?:: \[Errno 14\] HTTPS? Error|\s+)\s*(?:404|410)\b",
        rf"status code: (?:404|410) for {_URL}",
        r"the repository '(?P<url>\S+[^']*)' does not have a release file",
    ),
    "the mirror does not have {url}",
    "the release is gone from there, or the URL is wrong: name a mirror that has it in os.repositories, or take "
    "another os.mirror; CentOS 7 is only left in archives (vault.centos.org)",
)

dns = LogPattern(
    "KB-REPOSITORY-DNS",
    r"(?:could not resolve(?: host)?|couldn't resolve host name for|temporary failure resolving)[: ]*'?"
    r"(?P<host>[\w.:/-]+)",
    "the name of a package mirror does not resolve: {host}",
    "see `getent hosts NAME` and /etc/resolv.conf on the host; mirrorlist.centos.org is gone for good: name a mirror "
    "in os.repositories",
)

proxy = LogPattern(
    "KB-REPOSITORY-PROXY",
    r"(?:\b407 +Proxy|http code 407 from proxy|proxy authentication required)",
    "the proxy on the way to a package mirror wants a login: {url}",
    "give apt or yum the proxy with its user: `Acquire::http::Proxy` in /etc/apt/apt.conf.d/, `proxy=` in "
    "/etc/yum.conf",
)

tls = LogPattern(
    "KB-REPOSITORY-TLS",
    r"(?P<why>certificate verification failed[^.]*\.?|ssl certificate problem.*|curl#60 .*|curl error \(60\).*"
    r"|peer certificate cannot be authenticated.*)",
    "a package mirror's certificate is not trusted: {why} {url}",
    "install its CA on the host (`update-ca-certificates`, `update-ca-trust`), set the clock, or take its http:// "
    "URL: the packages' signatures are checked all the same",
)

unreachable = LogPattern(
    "KB-REPOSITORY-UNREACHABLE",
    (
        r"(?P<why>curl#(?:7|28|56) .*|curl error \((?:7|28|56)\).*)",
        r"(?P<why>could not connect to \S+.*|unable to connect to \S+|cannot initiate the connection to \S+)",
        r"(?P<why>connection timed out|connection failed|connection refused|network is unreachable)",
    ),
    "a package mirror cannot be reached: {why} {url}",
    "see that the host has a way to it: `curl -fIL URL`, a firewall or a proxy between; or take another os.mirror",
)

expired = LogPattern(
    "KB-REPOSITORY-EXPIRED",
    rf"release file for {_URL} is expired \(invalid since (?P<since>[^)]+)\)",
    "the mirror is not kept up: {url} is invalid since {since}",
    "take another mirror in os.repositories; if the host's clock is ahead, set it: `chronyc makestep`",
)

changing = LogPattern(
    "KB-REPOSITORY-CHANGING",
    (
        r"(?P<why>file has unexpected size \([^)]*\)|hash sum mismatch)",
        r"(?P<why>does not match (?:metalink|intended download).*|metadata file does not match checksum)",
    ),
    "the mirror's index and its files do not fit together: {why} {url}",
    "it is being updated, or a cache between holds old files: wait some minutes and run again; or take another "
    "os.mirror",
)

depends = LogPattern(
    "KB-PACKAGE-DEPENDS",
    (
        r"^ *(?P<what>\S+ : (?:Pre-?)?Depends: .*)",
        r"error: package: (?P<what>.*)",
        r"(?P<what>nothing provides .*)",
        r"(?P<what>package \S+ (?:requires|conflicts with) .*)",
        r"(?P<what>file \S+ from install of \S+ conflicts with .*)",
        r"(?P<what>you have held broken packages)",
    ),
    "packages do not fit together: {what}",
    "see `apt-mark showhold; apt-cache policy NAME` or `yum versionlock list; yum deplist NAME`; take what is in the "
    "way (podman and buildah beside docker-ce, an older hold) off the host",
)

unknown = LogPattern(
    "KB-PACKAGE-UNKNOWN",
    (
        r"version '(?P<version>[^']+)' for '(?P<name>[^']+)' was not found",
        r"unable to locate package (?P<name>\S+)",
        r"no package (?P<name>\S+) available",
        r"(?:unable to find a match|no match for argument): (?P<name>.*)",
        r"package '?(?P<name>[^\s']+)'? has no installation candidate",
    ),
    "no repository of the host has {name} {version}",
    "name a repository that has it in os.repositories, or another version in the inventory; see `apt-cache policy "
    "NAME` or `yum list --showduplicates NAME`",
)

script_failed = LogPattern(
    "KB-PACKAGE-SCRIPT",
    (
        r"dpkg: error processing package (?P<name>\S+) \(--configure\)",
        r"error in (?:PREIN|POSTIN|PREUN)\S* scriptlet in rpm package (?P<name>\S+)",
        r"%(?:pre|post)\((?P<name>[^)]+)\) scriptlet failed",
    ),
    "the script that comes with the package {name} failed",
    "its words stand above; a service that does not start is the usual reason: `systemctl --failed; journalctl -xe`, "
    "then run again",
)

PACKAGES = (
    lock_held,
    lock,
    interrupted,
    proxy,
    tls,
    signature,
    dns,
    unreachable,
    not_found,
    expired,
    changing,
    unknown,
    depends,
    script_failed,
)
