"""Causes in package managers and their repositories, by what apt, dpkg, yum and dnf say."""

from __future__ import annotations

from k8sboot.diagnosis.words import Words

_URL = r"(?P<url>(?:https?|ftp)://[^\s'\"\]]+)"
_LOOK = "on the host: `curl -fIL {url}`; "

lock = Words(
    "KB-PACKAGE-LOCK",
    r"could not get lock (?P<a>\S+?)\.? (?:- open|it is held by process (?P<pid>\d+)(?: \((?P<who>[^)]+)\))?)"
    r"|unable to acquire the dpkg frontend lock \((?P<b>[^)]+)\)"
    r"|existing lock (?P<c>\S+): another copy is running as pid (?P<pid2>\d+)"
    r"|can't create transaction lock on (?P<d>\S+)",
    "another program works with packages: {who} pid {pid}{pid2} holds {a}{b}{c}{d}",
    "let it come to its end (unattended-upgrades takes minutes), see `ps -fp {pid}{pid2}`, then run again; "
    "never remove a "
    "lock file",
)

interrupted = Words(
    "KB-PACKAGES-INTERRUPTED",
    r"dpkg was interrupted|there are unfinished transactions remaining|rpmdb open failed|db\d+ error",
    "an earlier installation was cut off, and the package manager wants that mended first",
    "run again: k8sboot repairs it; by hand `dpkg --configure -a && apt-get -f install`, or "
    "`yum-complete-transaction "
    "--cleanup-only; rpm --rebuilddb`",
)

signature = Words(
    "KB-REPOSITORY-SIGNATURE",
    rf"(?:gpg error: )?{_URL}?.*?(?P<what>NO_PUBKEY \w+|EXPKEYSIG \w+|KEYEXPIRED \w+|BADSIG \w+|REVKEYSIG "
    rf"\w+)"
    r"|(?P<a>repomd\.xml(?:: | )?(?:GPG )?signature (?:could not be verified|verification error).*)"
    r"|(?P<b>public key for \S+ is not installed)|(?P<c>package \S+ is not signed)"
    r"|(?P<d>gpg key retrieval failed.*)|(?P<e>the gpg keys listed for .* are not correct for this package.*)"
    rf"|the repository '(?P<f>[^']+)' is (?:not|no longer) signed",
    "a repository's signature does not hold: {what}{a}{b}{c}{d}{e}{f} {url}",
    "an old mirror or a changed key: look at the key that the repository publishes, and name it as `key` "
    "with its "
    "fingerprint in os.repositories; take another os.mirror where it has expired. k8sboot never installs "
    "unsigned packages",
)

not_found = Words(
    "KB-REPOSITORY-404",
    rf"{_URL}(?:: \[Errno 14\] HTTPS? Error|\s+)\s*(?:404|410)\b"
    rf"|status code: (?:404|410) for (?P<a>\S+)"
    rf"|the repository '(?P<b>\S+[^']*)' does not have a release file",
    "the mirror does not have {url}{a}{b}",
    "the release is gone from there, or the URL is wrong: name a mirror that has it in os.repositories, or "
    "take another "
    "os.mirror; for CentOS 7 only archives (vault.centos.org) have it",
)

dns = Words(
    "KB-REPOSITORY-DNS",
    rf"(?:{_URL}.*?)?(?:could not resolve|couldn't resolve host(?: name for)?|temporary failure "
    rf"resolving|name or service"
    r" not known)[: ]*'?(?P<host>[\w.:/-]*)",
    "the name of a package mirror does not resolve: {host} {url}",
    "see `getent hosts NAME` and /etc/resolv.conf on the host; mirrorlist.centos.org is gone for good: "
    "name a mirror in "
    "os.repositories",
)

proxy = Words(
    "KB-REPOSITORY-PROXY",
    rf"(?:{_URL}.*?)?(?:\b407\b.*(?:proxy|authentication)|http code 407 from proxy|proxy authentication "
    rf"required)",
    "the proxy on the way to a package mirror wants a login: {url}",
    "give apt or yum the proxy with its user: `Acquire::http::Proxy` in /etc/apt/apt.conf.d/, `proxy=` in "
    "/etc/yum.conf",
)

tls = Words(
    "KB-REPOSITORY-TLS",
    rf"(?:{_URL}.*?)?(?P<why>certificate verification failed.*|peer's certificate issuer.*|ssl certificate "
    rf"problem.*"
    r"|curl#60.*|curl error \(60\).*|certificate is not trusted.*|peer certificate cannot be "
    r"authenticated.*)",
    "a package mirror's certificate is not trusted: {why} {url}",
    "install its CA on the host (`update-ca-certificates`, `update-ca-trust`), set the clock, or take its "
    "http:// URL: the "
    "packages' signatures are checked all the same",
)

unreachable = Words(
    "KB-REPOSITORY-UNREACHABLE",
    rf"(?:{_URL}.*?)?(?P<why>could not connect to \S+.*?(?:refused|timed out)|unable to connect to "
    rf"\S+|cannot initiate the "
    r"connection to \S+|connection timed out|connection failed|connection refused|no route to host|network "
    r"is unreachable|"
    r"curl#(?:7|28|56) .*|curl error \((?:7|28|56)\).*|operation too slow.*|no more mirrors to try.*)",
    "a package mirror cannot be reached: {why} {url}",
    "see that the host has a way to it: `curl -fIL URL`, a firewall or a proxy between; or take another "
    "os.mirror",
)

expired = Words(
    "KB-REPOSITORY-EXPIRED",
    r"release file for (?P<url>\S+) is expired \(invalid since (?P<since>[^)]+)\)",
    "the mirror is not kept up: {url} is invalid since {since}",
    "take another mirror in os.repositories; if the host's clock is ahead, set it: `chronyc makestep`",
)

changing = Words(
    "KB-REPOSITORY-CHANGING",
    rf"(?:{_URL}.*?)?(?P<why>hash sum mismatch|file has unexpected size.*|mirror sync in progress.*|does "
    rf"not match"
    r" (?:metalink|checksum|intended download).*|checksum doesn't match.*|metadata file does not match "
    r"checksum.*)",
    "the mirror's index and its files do not fit together: {why} {url}",
    "it is being updated, or a cache between holds old files: wait some minutes and run again; or take "
    "another os.mirror",
)

depends = Words(
    "KB-PACKAGE-DEPENDS",
    r"^ *(?P<a>\S+ : (?:Pre)?Depends: .*)|(?P<b>nothing provides .*)|error: package: (?P<c>.*)"
    r"|(?P<d>package \S+ (?:requires|conflicts with) .*)|(?P<e>file \S+ from install of \S+ conflicts with "
    r".*)"
    r"|(?P<f>held broken packages)",
    "packages do not fit together: {a}{b}{c}{d}{e}{f}",
    "see `apt-mark showhold; apt-cache policy NAME` or `yum versionlock list; yum deplist NAME`; take what "
    "is in the way "
    "(podman and buildah beside docker-ce, an older hold) off the host",
)

unknown = Words(
    "KB-PACKAGE-UNKNOWN",
    r"unable to locate package (?P<a>\S+)|version '(?P<version>[^']+)' for '(?P<b>[^']+)' was not found"
    r"|no package (?P<c>\S+) available|(?:unable to find a match|no match for argument): (?P<d>.*)"
    r"|package '?(?P<e>[^\s']+)'? has no installation candidate",
    "no repository of the host has {a}{b}{c}{d}{e} {version}",
    "name a repository that has it in os.repositories, or another version in the inventory; see `apt-cache "
    "policy NAME` or "
    "`yum list --showduplicates NAME`",
)

script_failed = Words(
    "KB-PACKAGE-SCRIPT",
    r"dpkg: error processing package (?P<a>\S+) \(--(?:configure|unpack|remove)\)|error in "
    r"(?:PREIN|POSTIN|PREUN)\S* scriptlet"
    r" in rpm package (?P<b>\S+)|%(?:pre|post)\((?P<c>[^)]+)\) scriptlet failed",
    "the script that comes with the package {a}{b}{c} failed",
    "its words stand above; a service that does not start is the usual reason: `systemctl --failed; "
    "journalctl -xe`, then "
    "run again",
)

PACKAGES = (
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
