"""Rows 7 and 8: links that carry little, and links that are long."""

from __future__ import annotations

import contextlib

import pytest
from faulthosts import FaultyHost
from faultlinks import far_away, slow_cable
from faultrows import row
from faultruns import Controller
from faultward import Ward
from on_lab import HOSTS
from relays import Relay
from summaries import changed

STEP = ("phase", "time-sync")
TALK = "seq 1 60000"
"""Some 350 kB of an installation's output: more than 256 kbit/s carry in ten seconds."""


@pytest.mark.slow
@row(7, "a slow link: 256 kbit/s")
def test_slow_link_is_not_taken_for_dead(controller: Controller, node: FaultyHost) -> None:
    node.before_packages("install", TALK)
    slow_cable(node, rate="256kbit")
    ran = controller.run(*STEP, within=600)
    ran.went_on(*HOSTS, phase="time-sync")
    assert ran.of("Failed") == []
    assert "continues on the host" not in ran.notices(node.name)
    assert changed(controller.run(*STEP).stderr) == 0


def through(controller: Controller, relays: dict[str, Relay], gateway: str) -> None:
    """Reach each host by its relay."""
    config = controller.folder / "ssh_config"
    config.write_text(
        "".join(
            f"Host {controller.host(name)['address']}\n"
            f"  HostName {gateway}\n  Port {relay.port}\n  HostKeyAlias {controller.host(name)['address']}\n"
            for name, relay in relays.items()
        )
    )
    for name in relays:
        controller.ssh(name, configFile=str(config))


NINE = {"k8s-master01": 9, "k8s-node01": 9 + 3 + 4, "k8s-node02": 9 + 3}
"""Round trips: a login, its channel and the probe. sudo is asked how it works (3), and given a password (4)."""


@pytest.mark.slow
@row(8, "300 ms there and back, with jitter")
def test_far_host_that_needs_nothing_costs_nine_round_trips(
    controller: Controller, ward: Ward, hosts: dict[str, FaultyHost]
) -> None:
    controller.run(*STEP).went_on(*HOSTS, phase="time-sync")
    with contextlib.ExitStack() as stack:
        relays = {
            name: stack.enter_context(far_away(ward.gateway, host, delay=0.15, jitter=0.03))
            for name, host in hosts.items()
        }
        through(controller, relays, ward.gateway)
        ran = controller.run(*STEP, "--dry-run")
        ran.went_on(*HOSTS, phase="time-sync")
        assert "0 would change" in ran.stderr
        cost = {name: relay.round_trips for name, relay in relays.items()}
        assert all(len(cost[name]) == 1 and cost[name][0] <= NINE[name] for name in HOSTS), cost
        ran = controller.run(*STEP)  # the first master's lock comes on top
        assert changed(ran.stderr) == 0
        assert all(len(relay.round_trips) == 2 for relay in relays.values()), cost
