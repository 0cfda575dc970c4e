"""A server decides neither where k8sboot looks next nor for how long it waits."""

from __future__ import annotations

import io
import threading
import urllib.request
from email.message import Message

import pytest

from k8sboot.desired import fetch
from k8sboot.errors import Refused


def redirecting(monkeypatch, start: str, target: str) -> None:
    """A web in which start redirects to target, which has a page."""

    class Web(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
        def http_open(self, request):
            headers = Message()
            if request.full_url == start:
                headers["Location"] = target
            status = 302 if request.full_url == start else 200
            answer = urllib.request.addinfourl(io.BytesIO(b"page\n"), headers, request.full_url, status)
            answer.msg = "so it is"
            return answer

        https_open = http_open

    kept = [h for h in fetch.HANDLERS if h not in (urllib.request.HTTPHandler, urllib.request.HTTPSHandler)]
    monkeypatch.setattr(fetch, "HANDLERS", [*kept, Web])


@pytest.mark.parametrize(
    ("start", "target"),
    [
        ("https://a.example/x", "https://b.example/y"),
        ("http://a.example/x", "https://b.example/y"),
        ("http://a.example/x", "http://b.example/y"),
    ],
)
def test_a_redirect_that_is_no_less_safe_is_followed(monkeypatch, start, target):
    redirecting(monkeypatch, start, target)
    assert fetch.text(start) == "page\n"


@pytest.mark.parametrize(
    "target",
    ["http://b.example/y", "ftp://b.example/y", "file:///etc/shadow", "data:text/plain,x"],
)
def test_a_redirect_to_another_scheme_is_refused(monkeypatch, target):
    redirecting(monkeypatch, "https://a.example/x", target)
    with pytest.raises(Refused):
        fetch.text("https://a.example/x")


def test_a_redirect_to_itself_ends(monkeypatch):
    redirecting(monkeypatch, "https://a.example/x", "https://a.example/x")
    with pytest.raises(Refused, match="cannot download"):
        fetch.text("https://a.example/x")


def test_a_server_that_never_ends_is_not_waited_for(monkeypatch):
    released = threading.Event()
    monkeypatch.setattr(fetch, "DEADLINE", 0.01)
    monkeypatch.setattr(fetch, "_read", lambda url: released.wait(60) and b"")
    with pytest.raises(Refused) as refused:
        fetch.text("https://a.example/x")
    released.set()
    assert "within 0.01 s" in refused.value.why


def test_nothing_opens_files_or_ftp():
    names = {getattr(handler, "__name__", "") for handler in fetch.HANDLERS}
    assert not names & {"FileHandler", "FTPHandler", "DataHandler", "UnknownHandler", "HTTPRedirectHandler"}


def test_a_file_that_is_too_large_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(fetch, "MAX_SIZE", 3)
    (tmp_path / "x").write_text("four")
    with pytest.raises(Refused, match="larger than"):
        fetch.text(str(tmp_path / "x"))
