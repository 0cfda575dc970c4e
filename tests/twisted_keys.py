"""Twisted key files, and what k8sboot, gpg, apt's own verifier and rpm make of each."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import strategies as st

from k8sboot.osfamily import openpgp
from k8sboot.osfamily.openpgp import armor
from k8sboot.osfamily.openpgp.packets import packet, packets, subpacket

APT = Path("/usr/lib/apt/methods/gpgv")
BEGIN, END = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"
LACKING = "" if shutil.which("gpg") and APT.exists() else "needs gpg and apt"


class Readers:
    """The keys, signatures by them, and what others make of a key file."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.pinned = self.foreign = b""
        self.fingerprint = ""
        self.own: frozenset[str] = frozenset()
        self.counted: Counter[str] = Counter()
        self.seen: set[tuple[str, bytes]] = set()

    def gpg(self, *words: str) -> str:
        options = ("--homedir", str(self.home), "--batch", "--no-tty", "--pinentry-mode", "loopback")
        return subprocess.run(
            ["gpg", *options, "--passphrase", "", *words], capture_output=True, text=True, errors="replace"
        ).stdout

    def make(self, user: str, algorithm: str) -> bytes:
        """A key with a subkey that signs, and a signature of Release by each of them."""
        self.gpg("--quick-gen-key", user, algorithm, "sign", "0")
        primary = self.fingerprints_of(user)[0]
        self.gpg("--quick-add-key", primary, algorithm, "sign", "0")
        signers = [word for each in self.fingerprints_of(user) for word in ("-u", f"{each}!")]
        self.gpg(
            *signers,
            "--armor",
            "--output",
            str(self.home / f"{user}.sig"),
            "--detach-sign",
            str(self.release),
        )
        self.gpg("--output", str(self.home / f"{user}.gpg"), "--export", user)
        return (self.home / f"{user}.gpg").read_bytes()

    @property
    def release(self) -> Path:
        return self.home / "Release"

    def fingerprints_of(self, user: str) -> list[str]:
        return re.findall(r"(?m)^fpr:+([0-9A-F]{40}):", self.gpg("--with-colons", "--list-keys", user))

    def shown(self, path: Path) -> set[str]:
        """The keys and subkeys that gpg reads in a file."""
        return set(
            re.findall(r"(?m)^fpr:+([0-9A-F]{40}):", self.gpg("--with-colons", "--show-keys", str(path)))
        )

    def apt_takes(self, path: Path, user: str) -> bool:
        """Whether apt takes a Release that a user has signed, with this key file as signed-by."""
        asked = (
            "601 Configuration\nConfig-Item: APT::Sandbox::User=root\n\n600 URI Acquire\n"
            f"URI: gpgv:{self.home}/{user}.sig\nFilename: {self.release}\nSigned-By: {path}\n\n"
        )
        said = subprocess.run([APT], input=asked, capture_output=True, text=True, errors="replace").stdout
        assert "\n201 URI Done" in said or "\n400 URI Failure" in said, said
        return "\n201 URI Done" in said

    def imported_by_rpm(self, path: Path) -> set[str]:
        """The key IDs that rpm imports from a file, in lower case and short."""
        base = self.home / "rpm"
        shutil.rmtree(base, ignore_errors=True)
        base.mkdir()
        words = ["--dbpath", str(base), "--define", "_keyring rpmdb"]
        subprocess.run(["rpmkeys", *words, "--import", str(path)], capture_output=True)
        query = ["rpm", *words, "-qa", "gpg-pubkey", "--qf", "%{VERSION}\n"]
        return set(subprocess.run(query, capture_output=True, text=True).stdout.split())

    def judge(self, data: bytes) -> str:
        """Count what k8sboot makes of a file; fails if any other takes a foreign key of what it accepts."""
        verdict = self._judged(data)
        self.counted.update(("files", verdict))
        return verdict

    def _judged(self, data: bytes) -> str:
        try:
            found = openpgp.certificates(data)
        except openpgp.Malformed:
            return "refused"
        if {c.fingerprint for c in found} != {self.fingerprint}:
            return "told as foreign"
        is_whole = (
            openpgp.keyring(found) == self.pinned
        )  # else a proof that the key itself has not signed is damaged
        self.must_be_pinned(".gpg", openpgp.keyring(found), must_work=is_whole)
        self.must_be_pinned(".asc", openpgp.armored(found).encode(), must_work=is_whole)
        self.must_be_pinned(".rpm", openpgp.blocks(found).encode(), must_work=is_whole)
        self.must_be_pinned(
            ".gpg" if data[0] & 0x80 else ".asc", data
        )  # as an earlier k8sboot has written it
        self.must_be_pinned(".rpm", data)
        return "accepted"

    def must_be_pinned(self, form: str, data: bytes, *, must_work: bool = False) -> None:
        if (form, data) in self.seen:
            return
        self.seen.add((form, data))
        self.counted[f"compared as {form}"] += 1
        path = self.home / f"tried{form}"
        path.write_bytes(data)
        assert self.shown(path) <= self.own, data
        if form == ".rpm":
            imported = (
                self.imported_by_rpm(path) if shutil.which("rpmkeys") else {self.fingerprint[-8:].lower()}
            )
            assert imported <= {self.fingerprint[-8:].lower()}, data
            assert imported or not must_work, data
        else:
            assert not self.apt_takes(path, "foreign"), data
            assert not must_work or self.apt_takes(path, "pinned"), data


@contextmanager
def readers_in(home: Path) -> Iterator[Readers]:
    """Readers with keys in a folder; they can tell a foreign key."""
    home.chmod(0o700)
    it = Readers(home)
    it.release.write_text("Origin: x\n")
    it.pinned, it.foreign = it.make("pinned", "ed25519"), it.make("foreign", "rsa2048")
    it.own = frozenset(it.fingerprints_of("pinned"))
    it.fingerprint = it.fingerprints_of("pinned")[0]
    both = home / "both.gpg"
    both.write_bytes(it.pinned + it.foreign)
    assert it.apt_takes(both, "foreign"), "the comparison must be able to fail"
    assert it.judge(it.pinned) == "accepted"
    it.counted.clear()
    yield it
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"])


LINES = st.sampled_from([
    "", " ", "\t", "\x0c", "\x0b", "\r", "\0", "\x1a", "text", "Comment: x", "Comment:", "Hash: SHA256", ": x", "=",
    "==", "====", "=AAAA", "-", "- ", "-----", "-----BEGIN", BEGIN, END, f"{BEGIN} ;", f" {BEGIN}", f"{BEGIN}x",
    f"{END} x",     f"x{END}", f"- {BEGIN}", f"{BEGIN}{BEGIN}", f"{END}{BEGIN}", "-----BEGIN PGP ARMORED FILE-----",
    "-----BEGIN PGP MESSAGE-----", "-----BEGIN PGP MESSAGE, PART 1/2-----", "-----BEGIN PGP PRIVATE KEY BLOCK-----",
    "-----BEGIN PGP SIGNATURE-----", "-----BEGIN PGP SIGNED MESSAGE-----", "-----END PGP ARMORED FILE-----",
    "-----END PGP MESSAGE-----", "-----BEGIN PGP PUBLIC KEY BLOCK----", "-----begin pgp public key block-----",
    "\xe9", "\ufeff", "@pinned", "@foreign", "@pinned body", "@foreign body", "@foreign one line", "@pinned half",
    "@pinned other half", "@foreign checksum", "@pinned checksum",
])  # fmt: skip
MILD = st.sampled_from(
    ["", " ", "\t", "@pinned", "@foreign", "Comment: x", BEGIN, "@foreign body", "@pinned checksum"]
)
FIRSTS = st.sampled_from([
    f"{BEGIN} ;", f"{BEGIN}\t", f"{BEGIN}-", f" {BEGIN}", f"\x0c{BEGIN}", f"{BEGIN}\r", f"{BEGIN};x", "-----BEGIN",
    "-----BEGIN PGP ARMORED FILE-----", "-----BEGIN PGP ARMORED FILE----- ;", "-----BEGIN PGP MESSAGE-----",
    "-----BEGIN PGP SIGNATURE-----", "-----BEGIN PGP PRIVATE KEY BLOCK-----", "-----BEGIN ", "-----BEGINPGP",
    "-----BEGIN PGP SIGNED MESSAGE-----", "-----BEGIN PGP PUBLIC KEY BLOCK ----", BEGIN,
])  # fmt: skip
LASTS = st.one_of(st.just(END), st.sampled_from([
    "", f"{END};", f" {END}", f"{END}\t", "-----END PGP MESSAGE-----", "-----END", "-----END PGP ARMORED FILE-----",
    "=",
]))  # fmt: skip
HEADS = st.one_of(st.just([""]), st.sampled_from(
    [["Comment: x", ""], ["Comment: x"], [" "], ["\t", ""], ["\r"], [], ["", ""], ["x", ""]]
))  # fmt: skip
BLOCKS = st.tuples(
    FIRSTS, HEADS, st.sampled_from(["@foreign body", "@foreign one line"]), st.booleans(), LASTS
).map(lambda b: [b[0], *b[1], b[2], *(["@foreign checksum"] if b[3] else []), b[4]])
LITTLE = st.one_of(BLOCKS, st.lists(st.one_of(MILD, LINES), max_size=2))
TURNS = st.sampled_from(["", "", "", "\r\n", "\r", "\n\n", " \n", "\n "])
TAGS = st.sampled_from(
    [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 40, 60, 61, 63]
)
PIECES = st.one_of(
    st.tuples(st.just("pinned"), st.integers(0, 4), st.integers(0, 9)),
    st.tuples(st.just("foreign"), st.integers(0, 4), st.integers(0, 9)),
    st.tuples(st.just("all of the foreign"), st.just(0), st.just(0)),
    st.tuples(st.just("in"), TAGS, st.integers(0, 9)),
    st.tuples(st.just("trust"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("raw"), st.integers(0, 255), st.integers(0, 3)),
    st.tuples(st.just("unsigned"), st.sampled_from([2, 9, 16, 20, 27, 32, 33, 38]), st.integers(0, 4)),
)


def lines_of(readers: Readers, word: str) -> list[str]:
    if not word.startswith("@"):
        return [word]
    whose, _, what = word[1:].partition(" ")
    data = readers.pinned if whose == "pinned" else readers.foreign
    block = armor.armored(data).rstrip("\n").split("\n")
    body = block[2:-2]
    return {
        "": block,
        "body": body,
        "one line": ["".join(body)],
        "half": body[: len(body) // 2],
        "other half": body[len(body) // 2 :],
        "checksum": [block[-2]],
    }[what]


ARMOR = st.tuples(
    st.one_of(LITTLE, st.lists(LINES, max_size=8)),
    st.one_of(st.just([]), st.just([]), LITTLE),
    st.integers(0, 40),
    TURNS,
    st.booleans(),
)
PACKETS = st.tuples(
    st.one_of(st.lists(PIECES, max_size=1), st.lists(PIECES, max_size=6)),
    st.lists(PIECES, max_size=1),
    st.integers(0, 6),
    st.sampled_from(["", "asc", "two"]),
    st.one_of(st.just([]), st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=1)),
)


def twisted_armor(readers: Readers, words, inner, at, turn, is_first) -> bytes:
    """The pinned block with lines before, behind and in it."""
    block = lines_of(readers, "@pinned")
    place = at % len(block)
    block[place:place] = [line for word in inner for line in lines_of(readers, word)]
    others = [line for word in words for line in lines_of(readers, word)]
    text = "\n".join([*block, *others, ""] if is_first else [*others, *block, ""])
    return (text.replace("\n", turn) if turn else text).encode("utf-8")


def twisted_packets(readers: Readers, behind, between, at, form, bytes_changed) -> bytes:
    """The pinned key's packets with others in front of, between and behind them, and with bytes changed."""
    own = [packet(*each) for each in packets(readers.pinned)]
    own[at:at] = [piece(readers, *each) for each in between]
    data = bytearray(b"".join([*own, *(piece(readers, *each) for each in behind)]))
    for place, value in bytes_changed:
        data[place % len(data)] = value
    if not form:
        return bytes(data)
    lines = base64.encodebytes(bytes(data)).decode()
    return f"{BEGIN}\n\n{lines}{END}\n".encode() * (2 if form == "two" else 1)


def piece(readers: Readers, what: str, number: int, form: int) -> bytes:
    if what in ("pinned", "foreign"):
        return in_form(*list(packets(getattr(readers, what)))[number], form)
    if what == "all of the foreign":
        return readers.foreign
    if what == "in":
        return in_form(number, readers.foreign, form)
    if what == "trust":
        return packet(12, b"\x00\x03gpg\x01\x00\x00\x00\x00"[: (2, 6, 7, 10)[number]])
    if what == "raw":
        return bytes([number]) * form
    tag, body = list(packets(readers.pinned))[form]
    if tag != 2:
        return packet(tag, body)
    end = 6 + int.from_bytes(body[4:6], "big")
    size = int.from_bytes(body[end : end + 2], "big")
    more = body[end + 2 : end + 2 + size] + subpacket(number, readers.foreign)
    return packet(2, body[:end] + len(more).to_bytes(2, "big") + more + body[end + 2 + size :])


def in_form(tag: int, body: bytes, form: int) -> bytes:
    """A packet with a length of each kind, right and wrong."""
    if tag > 15 or form in (5, 6, 7, 8):
        head = bytes([0xC0 | tag])
        if form == 6 and len(body) >= 512:
            return head + b"\xe9" + body[:512] + b"\xff" + (len(body) - 512).to_bytes(4, "big") + body[512:]
        if form == 7:
            return head + b"\xff" + (len(body) - 1).to_bytes(4, "big") + body
        if form == 8:
            return head + b"\xff" + (len(body) + 1).to_bytes(4, "big") + body
        return head + b"\xff" + len(body).to_bytes(4, "big") + body
    if form == 1:
        return bytes([0x82 | tag << 2]) + len(body).to_bytes(4, "big") + body
    if form == 2:
        return bytes([0x83 | tag << 2]) + body
    return packet(tag, body)
