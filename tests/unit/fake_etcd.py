"""etcd's members, as etcdctl tells and removes them."""

from __future__ import annotations

import json


class FakeEtcd(list[str]):
    """The members' names, m1, m2, ..."""

    def ctl(self, words: list[str]) -> str:
        if words[-4:-2] == ["member", "list"]:
            return json.dumps({"members": [self._told(name) for name in self]})
        assert words[-3:-1] == ["member", "remove"]
        self.remove(f"m{int(words[-1], 16) - 0xA0}")
        return "removed\n"

    def _told(self, name: str) -> dict[str, object]:
        return {"ID": 0xA0 + int(name[1:]), "name": name, "peerURLs": [f"https://{name}:2380"]}
