"""Which of kubectl's failures pass by themselves."""

from __future__ import annotations

import pytest

from k8sboot.kubernetes.answers import is_away


@pytest.mark.parametrize(
    "said",
    [
        "Unable to connect to the server: net/http: TLS handshake timeout",
        "Unable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout",
        "Unable to connect to the server: EOF",
        "The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?",
        "Error from server (ServiceUnavailable): the server is currently unable to handle the request",
        "Error from server: etcdserver: request timed out",
    ],
)
def test_a_server_that_may_answer_in_a_moment_is_away(said):
    assert is_away(said)
    assert is_away('{"items": []}\n' + said)


@pytest.mark.parametrize(
    "said",
    [
        "Unable to connect to the server: x509: certificate signed by unknown authority",
        "Unable to connect to the server: dial tcp: lookup api on 127.0.0.53:53: no such host",
        "Error from server (Forbidden): secrets is forbidden",
        'Error from server (NotFound): configmaps "kube-proxy" not found',
        "error: You must be logged in to the server (Unauthorized)",
        "",
    ],
)
def test_a_server_that_will_say_the_same_again_is_not(said):
    assert not is_away(said)
