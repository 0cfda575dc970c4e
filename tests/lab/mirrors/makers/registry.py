"""A registry's storage, filled by pushing the images of the table to it.

The push goes to a registry that runs for the push alone, on loopback; what it
wrote to its storage is the product, which the lab's registries serve read-only.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import images, layers
from .cache import Cache, fingerprint, say
from .images import Image

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CREATED = "2021-01-13T13:20:00Z"
LABEL = "k8sboot.lab/stand-in"
VERSION_LABEL = "k8sboot.lab/version"


def make(cache: Cache, table: Sequence[Image], sources: Any, *inputs: object) -> Path:
    """The registry's storage directory, with every image of the table in it. inputs: what `sources` holds."""
    scripts = [Path(__file__), Path(images.__file__), Path(layers.__file__)]
    key = fingerprint(*scripts, images.package_versions(), *inputs)
    return cache.product("registry", key, lambda out: _fill(cache, out, table, sources))


def configuration(listen: str, storage: Path, read_only: bool) -> str:
    """What docker-registry reads at its start; JSON, which is YAML as well."""
    return json.dumps(
        {
            "version": 0.1,
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(storage), "maxthreads": 100},
                "maintenance": {
                    "uploadpurging": {"enabled": False},
                    "readonly": {"enabled": read_only},
                },
            },
            "http": {"addr": listen},
        },
        indent=1,
    )


def wait_until_it_answers(url: str, seconds: float = 20) -> None:
    """Return when something answers 200 at a URL, else raise TimeoutError."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with opener.open(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise TimeoutError(f"nothing answers at {url}")


def _fill(cache: Cache, out: Path, table: Sequence[Image], sources: Any) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{probe.getsockname()[1]}"
    with cache.scratch() as work:
        settings = work / "registry.yml"
        settings.write_text(configuration(listen, out, read_only=False))
        with (work / "log").open("w") as log:
            process = subprocess.Popen(["docker-registry", "serve", str(settings)], stdout=log, stderr=log)
        try:
            wait_until_it_answers(f"http://{listen}/v2/")
            for image in table:
                say(f"registry: {image.name}:{image.tag}")
                _push(listen, image, sources, work)
        finally:
            process.terminate()
            process.wait()


def _push(listen: str, image: Image, sources: Any, work: Path) -> None:
    layer = layers.Layer()
    image.fill(layer, sources)
    packed = work / "layer.tar.gz"
    digest, bare_digest = layer.pack(packed)
    config = json.dumps(_config(image, bare_digest), sort_keys=True).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": _descriptor(CONFIG_TYPE, config),
        "layers": [{"mediaType": LAYER_TYPE, "size": packed.stat().st_size, "digest": digest}],
    }
    connection = http.client.HTTPConnection(listen, timeout=60)
    _push_blob(connection, image.name, digest, packed.read_bytes())
    _push_blob(connection, image.name, manifest["config"]["digest"], config)
    _request(
        connection,
        "PUT",
        f"/v2/{image.name}/manifests/{image.tag}",
        json.dumps(manifest).encode(),
        {"Content-Type": MANIFEST_TYPE},
    )
    connection.close()


def _config(image: Image, bare_digest: str) -> dict:
    return {
        "architecture": "amd64",
        "os": "linux",
        "created": CREATED,
        "config": {
            "Env": [f"PATH={PATH}"],
            "Entrypoint": list(image.entrypoint) or None,
            "Cmd": list(image.command) or None,
            "User": image.user,
            "WorkingDir": "/",
            "Labels": _labels(image),
        },
        "rootfs": {"type": "layers", "diff_ids": [bare_digest]},
        "history": [{"created": CREATED, "created_by": "k8sboot's lab"}],
    }


def _labels(image: Image) -> dict[str, str]:
    version = {VERSION_LABEL: image.version} if image.version else {}
    return {LABEL: str(image.stand_in).lower(), **version}


def _descriptor(kind: str, content: bytes) -> dict:
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    return {"mediaType": kind, "size": len(content), "digest": digest}


def _push_blob(connection: http.client.HTTPConnection, name: str, digest: str, content: bytes) -> None:
    location = _request(connection, "POST", f"/v2/{name}/blobs/uploads/", b"", {})
    joint = "&" if "?" in location else "?"
    kind = {"Content-Type": "application/octet-stream"}
    _request(connection, "PUT", f"{location}{joint}digest={digest}", content, kind)


def _request(
    connection: http.client.HTTPConnection, method: str, url: str, body: bytes, headers: dict
) -> str:
    """Do one request of the push; the Location the registry answered with."""
    connection.request(method, url, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status // 100 != 2:
        raise RuntimeError(f"registry: {method} {url}: {answer.status} {text[:300]!r}")
    return answer.headers.get("Location", "")
