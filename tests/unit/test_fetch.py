"""Texts from files and URLs. The network is a dictionary below urllib."""

from __future__ import annotations

import hashlib
import http.client
import io
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path

import pytest

from k8sboot.desired import fetch
from k8sboot.errors import Refused

URL = "https://example.com/manifest.yaml"
TEXT = "kind: List\n"
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()


class Web(urllib.request.HTTPSHandler):
    """Answers by URL: bytes, an HTTP status, or an exception to be raised."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[str, bytes | int | Exception] = {}
        self.asked: list[str] = []

    def https_open(self, request):
        self.asked.append(request.full_url)
        page = self.pages[request.full_url]
        if isinstance(page, Exception):
            raise page
        status = page if isinstance(page, int) else 200
        answer = urllib.request.addinfourl(
            io.BytesIO(page if isinstance(page, bytes) else b""), Message(), request.full_url, status
        )
        answer.msg = "so it is"
        return answer


@pytest.fixture
def web(monkeypatch, tmp_path) -> Web:
    found = Web()
    others = [each for each in fetch.HANDLERS if each is not urllib.request.HTTPSHandler]
    monkeypatch.setattr(fetch, "HANDLERS", [*others, lambda: found])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return found


def cached(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_file_is_read(tmp_path):
    (tmp_path / "x").write_text(TEXT)
    assert fetch.text(str(tmp_path / "x"), sha256=DIGEST) == TEXT
    assert cached(tmp_path) == []


@pytest.mark.parametrize("name", ["absent", ""])
def test_what_is_no_file_is_refused(tmp_path, name):
    with pytest.raises(Refused, match="cannot read"):
        fetch.text(str(tmp_path / name))


def test_a_pinned_url_is_fetched_once(web, tmp_path):
    web.pages[URL] = TEXT.encode()
    assert fetch.text(URL, sha256=DIGEST) == TEXT
    assert cached(tmp_path) == [DIGEST]
    web.pages[URL] = OSError("the net is down")
    assert fetch.text(URL, sha256=DIGEST) == TEXT
    assert web.asked == [URL]


def test_without_a_digest_it_is_fetched_each_time_and_not_kept(web, tmp_path):
    web.pages[URL] = TEXT.encode()
    fetch.text(URL)
    fetch.text(URL)
    assert web.asked == [URL, URL]
    assert cached(tmp_path) == []


def test_a_damaged_copy_is_fetched_anew(web, tmp_path):
    web.pages[URL] = TEXT.encode()
    fetch.text(URL, sha256=DIGEST)
    (tmp_path / "cache" / "k8sboot" / "files" / DIGEST).write_text("damaged")
    assert fetch.text(URL, sha256=DIGEST) == TEXT
    assert len(web.asked) == 2


def test_another_text_than_pinned_is_refused_with_both_digests_and_not_kept(web, tmp_path):
    web.pages[URL] = b"kind: Evil\n"
    with pytest.raises(Refused) as refused:
        fetch.text(URL, sha256=DIGEST)
    assert refused.value.error_code == "KB-DIGEST"
    assert DIGEST in refused.value.why
    assert hashlib.sha256(b"kind: Evil\n").hexdigest() in refused.value.why
    assert cached(tmp_path) == []


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><p>log in first", b"\n <html>", b"<?xml version='1.0'?>"])
@pytest.mark.parametrize("digest", ["", DIGEST])
def test_a_web_page_is_told_as_what_it_is(web, page, digest):
    web.pages[URL] = page
    with pytest.raises(Refused, match="is a web page"):
        fetch.text(URL, sha256=digest)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (404, "so it is"),
        (urllib.error.URLError("no route"), "no route"),
        (TimeoutError("timed out"), "timed out"),
        (http.client.RemoteDisconnected("closed"), "closed"),
        (http.client.IncompleteRead(b"kind"), "IncompleteRead"),
        (http.client.BadStatusLine("SSH-2.0"), "SSH-2.0"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_fetched_is_refused_with_the_reason(web, page, words):
    web.pages[URL] = page
    with pytest.raises(Refused) as refused:
        fetch.text(URL)
    assert refused.value.error_code == "KB-FETCH"
    assert words in refused.value.why
    assert refused.value.fix


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.com/x", "gopher://x"])
def test_only_http_is_a_url(web, url):
    with pytest.raises(Refused, match="not an http"):
        fetch.text(url)


def test_a_flood_is_cut(web, monkeypatch):
    monkeypatch.setattr(fetch, "MAX_SIZE", 1024 * 1024)
    web.pages[URL] = b"x" * (1024 * 1024 + 1)
    with pytest.raises(Refused, match="larger than 1 MiB"):
        fetch.text(URL)


def test_a_cache_that_cannot_be_written_is_no_failure(web, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    web.pages[URL] = TEXT.encode()
    assert fetch.text(URL, sha256=DIGEST) == TEXT


def test_no_home_is_no_failure(web, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", _no_home)
    web.pages[URL] = TEXT.encode()
    assert fetch.text(URL, sha256=DIGEST) == TEXT


def _no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")
