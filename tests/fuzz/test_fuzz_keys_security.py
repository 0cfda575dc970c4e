"""A key file that k8sboot takes gives gpg, apt and rpm no key but the pinned one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import twisted_keys as twisted
from hypothesis import given

pytestmark = pytest.mark.skipif(bool(twisted.LACKING), reason=twisted.LACKING)


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[twisted.Readers]:
    with twisted.readers_in(tmp_path_factory.mktemp("g")) as it:
        yield it


@given(twisted.ARMOR)
def test_lines_of_a_key(readers, parts):
    readers.judge(twisted.twisted_armor(readers, *parts))


@given(twisted.PACKETS)
def test_packets_of_a_key(readers, parts):
    readers.judge(twisted.twisted_packets(readers, *parts))
