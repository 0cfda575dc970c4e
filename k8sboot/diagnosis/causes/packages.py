"""Causes in package managers and their repositories, from the output of apt, dpkg, yum and dnf."""

from __future__ import annotations

from k8sboot.diagnosis.words import LogPattern

_URL = r"(?P<url>(?:https?|ftp)://[^\s'\"\]]+)"
_OF_MINOR = r"(?P<url>(?:https?|ftp)://[^\s'\"\]]+/v(?P<minor>1\.\d+)/(?:deb|rpm)\b[^\s'\":\]]*)"
_LOCKED = (
    "wait until it has finished (unattended-upgrades takes minutes), then run again; never remove a lock file"
)

lock_held = LogPattern(
    "KB-PACKAGE-LOCK",
    (
        r"could not get lock (?P<file>\S+?)\. it is held by (?P<who>process \d+(?: \([^)]+\))?)",
        r"existing lock (?P<file>\S+): another copy is running as (?P<who>pid \d+)",
    ),
    "another program is using the package manager: {who} holds {file}",
    f"identify it with `ps -ef | grep -E 'apt|dpkg|yum|dnf'`; {_LOCKED}",
)

lock = LogPattern(
    "KB-PACKAGE-LOCK",
    (
        r"could not get lock (?P<file>\S+) - open",
        r"unable to acquire the dpkg frontend lock \((?P<file>[^)]+)\)",
        r"can't create transaction lock on (?P<file>\S+)",
    ),
    "another program is using the package manager: {file} is locked",
    f"find its holder with `fuser -v {{file}}`; {_LOCKED}",
)

interrupted = LogPattern(
    "KB-PACKAGES-INTERRUPTED",
    (r"dpkg was interrupted", r"there are unfinished transactions remaining", r"rpmdb open failed"),
    "an earlier installation was interrupted, and the package manager must be repaired first",
    "run again, k8sboot repairs it; by hand, run `dpkg --configure -a && apt-get -f install`, or "
    "`yum-complete-transaction --cleanup-only; rpm --rebuilddb`",
)

sources = LogPattern(
    "KB-REPOSITORY-LIST",
    (
        r"(?P<what>conflicting values set for option \S+ regarding source .*)",
        r"(?P<what>malformed (?:entry|line|stanza) .*)",
        r"(?P<what>type '[^']*' is not known on .*)",
    ),
    "apt cannot read its sources: {what}",
    "remove or correct that entry in /etc/apt/sources.list or a file of /etc/apt/sources.list.d, check with `apt-get "
    "update`, then run again",
)

# pkgs.k8s.io answers 403 for a minor that it does not have; apt then calls it "not signed".
no_minor = LogPattern(
    "KB-REPOSITORY-404",
    (
        rf"{_OF_MINOR}\S*\s+40[34]\b",
        rf"status code: 40[34] for {_OF_MINOR}",
        rf"{_OF_MINOR}\S*: \[errno 14\] https? error 40[34]\b",
        rf"the repository '{_OF_MINOR} [^']*' does not have a release file",
    ),
    "the mirror does not have the repository of Kubernetes {minor}: {url}",
    "set another mirror, a repository that has this minor in os.repositories, or a version of another minor in "
    "cluster.kubernetesVersion",
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
    "a repository's signature cannot be verified: {what} {url}",
    "get the repository's current key and set it as `key` with its fingerprint in os.repositories; if the "
    "key has expired, set another mirror. k8sboot never installs unsigned packages",
)

not_found = LogPattern(
    "KB-REPOSITORY-404",
    (
        rf"{_URL}(?:: \[Errno 14\] HTTPS? Error\s*|\s+)(?:404|410)\b",
        rf"status code: (?:404|410) for {_URL}",
        r"the repository '(?P<url>\S+[^']*)' does not have a release file",
    ),
    "the mirror does not have {url}",
    "set a mirror that has the release in os.repositories, or another mirror; CentOS 7 is only "
    "available from archives (vault.centos.org)",
)

dns = LogPattern(
    "KB-REPOSITORY-DNS",
    r"(?:could not resolve(?: host)?|couldn't resolve host name for|temporary failure resolving)[: ]*'?"
    r"(?P<host>[\w.:/-]+)",
    "the name of a package mirror does not resolve: {host}",
    "fix name resolution on the host: check `getent hosts NAME` and /etc/resolv.conf; "
    "mirrorlist.centos.org no longer exists: set a mirror in os.repositories",
)

proxy = LogPattern(
    "KB-REPOSITORY-PROXY",
    r"(?:\b407 +Proxy|http code 407 from proxy|proxy authentication required)",
    "the proxy for a package mirror requires a login: {url}",
    "set proxy, proxy.user and proxy.password in the inventory, or correct the host's own: "
    "`Acquire::http::Proxy` in /etc/apt/apt.conf.d/, or `proxy=` in /etc/yum.conf",
)

tls = LogPattern(
    "KB-REPOSITORY-TLS",
    r"(?P<why>certificate verification failed[^.]*\.?|ssl certificate problem.*|curl#60 .*|curl error \(60\).*"
    r"|peer certificate cannot be authenticated.*)",
    "a package mirror's certificate is not trusted: {why} {url}",
    "install its CA on the host (`update-ca-certificates`, `update-ca-trust`), or set the clock, or use "
    "its http:// URL: package signatures are still verified",
)

unreachable = LogPattern(
    "KB-REPOSITORY-UNREACHABLE",
    (
        r"(?P<why>curl#(?:7|28|56) .*|curl error \((?:7|28|56)\).*)",
        r"(?P<why>could not connect to \S+.*|unable to connect to \S+|cannot initiate the connection to \S+)",
        r"(?P<why>connection timed out|connection failed|connection refused|network is unreachable)",
    ),
    "a package mirror cannot be reached: {why} {url}",
    "check the connection from the host with `curl -fIL URL`, and any firewall or proxy in between; or "
    "set another mirror",
)

expired = LogPattern(
    "KB-REPOSITORY-EXPIRED",
    rf"release file for {_URL} is expired \(invalid since (?P<since>[^)]+)\)",
    "the mirror is out of date: {url} is invalid since {since}",
    "set another mirror in os.repositories; if the host's clock is ahead, set it: `chronyc makestep`",
)

changing = LogPattern(
    "KB-REPOSITORY-CHANGING",
    (
        r"(?P<why>file has unexpected size \([^)]*\)|hash sum mismatch)",
        r"(?P<why>does not match (?:metalink|intended download).*|metadata file does not match checksum)",
    ),
    "the mirror's index and its files do not match: {why} {url}",
    "wait some minutes and run again: the mirror is being updated, or a cache in between holds old files; "
    "or set another mirror",
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
    "package dependencies cannot be resolved: {what}",
    "remove the conflicting package from the host, or its hold (for example podman and buildah next to "
    "docker-ce): check `apt-mark showhold; apt-cache policy NAME` or `yum versionlock list; yum deplist "
    "NAME`",
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
    "none of the host's repositories has {name} {version}",
    "set a repository that has it in os.repositories, or another version in the inventory; check "
    "`apt-cache policy NAME` or `yum list --showduplicates NAME`",
)

script_failed = LogPattern(
    "KB-PACKAGE-SCRIPT",
    (
        r"dpkg: error processing package (?P<name>\S+) \(--configure\)",
        r"error in (?:PREIN|POSTIN|PREUN)\S* scriptlet in rpm package (?P<name>\S+)",
        r"%(?:pre|post)\((?P<name>[^)]+)\) scriptlet failed",
    ),
    "the installation script of the package {name} failed",
    "fix the error in its output above, then run again; usually a service does not start: `systemctl "
    "--failed; journalctl -xe`",
)

lock_waited_for = LogPattern(
    "KB-PACKAGE-LOCK",
    r"waiting for process with (?P<who>pid \d+) to finish",
    "another program is using the package manager: dnf waits for {who}",
    f"identify it with `ps -ef | grep -E 'yum|dnf'`; {_LOCKED}",
)
"""dnf also prints this where it waits for a moment only: other causes precede it."""

PACKAGES = (
    lock_held,
    lock,
    interrupted,
    sources,
    proxy,
    tls,
    no_minor,
    signature,
    dns,
    unreachable,
    not_found,
    expired,
    changing,
    unknown,
    depends,
    script_failed,
    lock_waited_for,
)
