"""Security: twisted key files, read here, by gpg, by apt's own verifier and by rpm. None gets a foreign key.

The figures are printed with -rP. K8SBOOT_FUZZ_CASES: how many files of each kind. tests/fuzz does the same for a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import twisted_keys as twisted
from hypothesis import HealthCheck, Phase, given, settings

CASES = int(os.environ.get("K8SBOOT_FUZZ_CASES", "1000"))
MANY = settings(
    max_examples=CASES,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(bool(twisted.LACKING), reason=twisted.LACKING),
]


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[twisted.Readers]:
    with twisted.readers_in(tmp_path_factory.mktemp("g")) as it:
        yield it
        print(dict(it.counted))


@MANY
@given(twisted.ARMOR)
def test_twisted_armor(readers, parts):
    readers.judge(twisted.twisted_armor(readers, *parts))


@MANY
@given(twisted.PACKETS)
def test_twisted_packets(readers, parts):
    readers.judge(twisted.twisted_packets(readers, *parts))
