"""The process that holds one running machine: `python -m labkit.keeper LAB HOST`.

systemd-nspawn ends with 133 when the machine inside asks for a reboot; the keeper then plugs the
network in anew and boots it again, with a new boot_id. Any other end is a power-off.
"""

import os
import subprocess
import sys

from labkit import cgroups, disk, kernel, network, plan
from labkit.plan import Host

REBOOT = 133


def nspawn(host: Host) -> list[str]:
    """The command that boots the host's disk."""
    return [
        "systemd-nspawn",
        "--quiet",
        "--boot",
        "--register=no",
        "--keep-unit",
        f"--directory={host.root}",
        f"--machine={host.machine}",
        f"--hostname={host.born_as}",
        # The clock is this machine's: `timedatectl set-timezone` inside would warp it by hours.
        "--capability=all",
        "--drop-capability=CAP_SYS_TIME",
        f"--network-namespace-path=/run/netns/{host.machine}",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--console=pipe",
        # kubelet and kube-proxy ask the kernel for keyrings and bpf; nspawn forbids them.
        "--system-call-filter=@keyring bpf @known",
        "--bind=/dev/kmsg",
        *(f"--bind={host.directory}/{part}:{inside}" for part, inside in disk.PLAIN.items()),
        *(f"--bind={file}:{sysctl}" for file, sysctl in kernel.own_settings(host.root)),
    ]


def keep(host: Host) -> None:
    cgroups.enter(host.cgroup)
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "1",
        "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "0",
    }
    code = REBOOT
    while code == REBOOT:
        network.plug_in(host)
        code = subprocess.run(nspawn(host), env=environment, stdin=subprocess.DEVNULL).returncode
    network.unplug(host)
    print(f"power off: systemd-nspawn ended with {code}", flush=True)


if __name__ == "__main__":
    os.umask(0o022)
    keep(plan.existing(sys.argv[1]).host(sys.argv[2]))
