"""The lab's mirrors: `tests/lab/mirrors` builds and serves them, this calls it."""

import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from labkit import cgroups
from labkit.errors import LabError
from labkit.plan import Lab
from labkit.process import failure
from labkit.progress import say

KEY = "lab.asc"
MIRRORS = Path(__file__).resolve().parents[1] / "mirrors"


def build(lab: Lab) -> None:
    """Build what the cache does not have yet; takes minutes once, or half an hour. Its progress is shown."""
    script = MIRRORS / "build.py"
    if not script.exists():
        raise LabError(f"{script} is missing: start without mirrors by --no-mirrors", 2)
    done = subprocess.run([sys.executable, "-B", script, *_products(lab)], stdout=sys.stderr)
    if done.returncode != 0:
        raise LabError(f"building the mirrors failed ({script}, exit {done.returncode})")


def serve(lab: Lab) -> None:
    """Start the mirrors on the lab's bridge, in the lab's own control group."""
    _serve_command(lab, "start", "--listen", lab.gateway, *_products(lab))
    say(f"mirrors: http://{lab.gateway}:8080 and images at {lab.gateway}:5000")


def _products(lab: Lab) -> tuple[str, ...]:
    """Options that say which mirrors the lab has."""
    return "--kubernetes", lab.kubernetes, "--plugin", lab.plugin


def stop(lab: Lab) -> None:
    if (MIRRORS / "serve.py").exists() and (lab.state / "mirrors").is_dir():
        _serve_command(lab, "stop")


def _serve_command(lab: Lab, *words: str) -> None:
    state = lab.state / "mirrors"
    state.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-B", str(MIRRORS / "serve.py"), *words, "--state", str(state)]
    log = state / "serve.log"
    with log.open("ab") as output:
        code = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=lambda: cgroups.enter(f"{cgroups.TOP}/{lab.name}/mirrors"),
        ).returncode
    if code != 0:
        raise LabError(failure(argv, code, log.read_text(errors="replace")))


def fetch(lab: Lab, path: str) -> bytes:
    """A file as the hosts would get it."""
    url = f"http://{lab.gateway}:8080/{path}"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=10) as answer:
            return bytes(answer.read())
    except (urllib.error.URLError, OSError) as error:
        raise LabError(f"the lab's mirror does not give {url}: {error}") from error


def fingerprint(lab: Lab) -> str:
    """The fingerprint of the key that signs all repositories."""
    with tempfile.TemporaryDirectory(prefix="lab-gpg-") as home:
        argv = ["gpg", "--homedir", home, "--batch", "--with-colons", "--show-keys"]
        done = subprocess.run(argv, input=fetch(lab, KEY), capture_output=True)
    found = [line.split(b":")[9].decode() for line in done.stdout.splitlines() if line.startswith(b"fpr:")]
    if not found:
        raise LabError(failure(argv, done.returncode, done.stderr.decode(errors="replace")))
    return found[0]
