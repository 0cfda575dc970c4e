"""A newer kernel: downloaded, verified, installed, booted once with the old one as fallback, then made the default."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from urllib.parse import unquote, urlsplit

from k8sboot import osfamily
from k8sboot.errors import DeadlineExceeded, NotAsWanted, Refused
from k8sboot.host.cgroups import CGROUPS
from k8sboot.host.host import Host
from k8sboot.host.reads import Question
from k8sboot.inventory.os_settings import KernelPackage, KernelSettings
from k8sboot.kubernetes.kernel import is_at_least, lacks_cgroups_v1
from k8sboot.osfamily.kernels import releases_in
from k8sboot.paths import KERNEL_DIR

CONTAINER = Question("container", "systemd-detect-virt --container")
BOOT_TIMEOUT = 900
OTHERS_TIMEOUT = 600
NOT_KNOWN = "(of the packages)"


def newer_kernel(
    host: Host,
    wanted: KernelSettings,
    *,
    check: Callable[[], str] = str,
    around: AbstractContextManager[None] | None = None,
) -> bool:
    """Make the host run a kernel of at least the minimum, by default from now on. Returns whether it was rebooted.

    check: a problem elsewhere that must end before this host may go down, '' for none; it is waited for.
    around: entered before the reboot, and left after it.
    If the new kernel does not come up, the old one is still the default, and the error says so. Raises Refused, with
    nothing changed, if a kernel cannot be tried safely.
    """
    old = host.facts.kernel
    is_old = not is_at_least(old, wanted.minimum)
    if is_old:
        _refuse_where_it_cannot_be(host, wanted)
        new = _installed(host, wanted)
        host.wait("the other masters to be ready", check, timeout=OTHERS_TIMEOUT)
        with around or nullcontext():
            _try_once(host, new, old)
        osfamily.of(host).kernels.make_default(host, new)
        host.change("remove the kernel's packages", ["rm", "-rf", KERNEL_DIR])
    if not is_at_least(host.facts.kernel, wanted.minimum):  # a dry run has not booted it
        host.report_unknown("give the new kernel its arguments")
        return is_old
    osfamily.of(host).kernels.add_arguments(host, host.facts.kernel)
    return is_old


def _refuse_where_it_cannot_be(host: Host, wanted: KernelSettings) -> None:
    container = host.answer(CONTAINER).text
    short = f"its kernel {host.facts.kernel} is older than {wanted.minimum}"
    if container not in ("", "none"):
        raise Refused(
            f"{short}, and a container has no kernel of its own",
            why=f"systemd-detect-virt reports {container}",
            fix="upgrade the kernel of the machine that runs the container, or remove os.kernel from the "
            "inventory",
            host=host.name,
            code="KB-KERNEL-CONTAINER",
        )
    if not wanted.packages:
        raise Refused(
            f"{short}, and os.kernel has no packages for an upgrade",
            fix="add os.kernel.packages, or upgrade the kernel by hand",
            host=host.name,
            code="KB-KERNEL-OLD",
        )
    obstacle = osfamily.of(host).kernels.obstacle(host)
    if obstacle:
        raise Refused(
            f"{short}, and a new one cannot be tried safely",
            why=obstacle,
            fix="upgrade the kernel by hand, with access to the console",
            host=host.name,
            code="KB-KERNEL-BOOT",
        )


def _installed(host: Host, wanted: KernelSettings) -> str:
    """Install the packages next to the running kernel, which stays the default; return the new release."""
    kernels, old = osfamily.of(host).kernels, host.facts.kernel
    paths = tuple(_fetched(host, package) for package in wanted.packages)
    new = _release(host, paths, wanted.minimum)
    kernels.keep_default(host, old)
    if new == NOT_KNOWN or _lacking(host, new):
        kernels.install(host, paths)
        host.expect(f"kernel {new} to be complete", lambda: _lacking(host, new))
    kernels.keep_default(host, old)
    _refuse_without_cgroups(host, new)
    return new


def _fetched(host: Host, package: KernelPackage) -> str:
    path = _path(package)

    def differs() -> str:
        state = host.file(path)
        if state is None:
            return "it is missing"
        is_right = state.sha256 == package.sha256
        return "" if is_right else f"its SHA-256 is {state.sha256}, expected {package.sha256}"

    if differs():
        host.change(
            f"download {package.url}",
            ["mkdir", "-p", KERNEL_DIR],
            ["rm", "-f", path],
            host.downloads(osfamily.of(host).kernels.download(package.url, path)),
            timeout=1800,
            job=True,
            check=differs,
        )
    return path


def _path(package: KernelPackage) -> str:
    """Its name without characters that apt or a shell might interpret."""
    name = unquote(unquote(urlsplit(package.url).path.rpartition("/")[2]))
    return f"{KERNEL_DIR}/{re.sub(r'[^A-Za-z0-9._+-]', '-', name)}"


def _release(host: Host, paths: tuple[str, ...], minimum: str) -> str:
    """The one kernel in the packages; a dry run has not downloaded them, so that it cannot know its name."""
    if host.is_ahead:
        return NOT_KNOWN
    kernels = osfamily.of(host).kernels
    found = releases_in("".join(host.read(kernels.contents(path), timeout=120) for path in paths))
    if len(found) == 1 and is_at_least(found[0], minimum):
        return found[0]
    raise Refused(
        f"os.kernel.packages contain {' and '.join(found) or 'no kernel'}",
        why=f"one kernel of {minimum} or newer is required",
        fix="set the package that contains /boot/vmlinuz-..., and its dependencies",
        host=host.name,
        code="KB-KERNEL-PACKAGES",
    )


def _lacking(host: Host, release: str) -> str:
    """Files that a kernel needs to boot and that are missing or empty."""
    ramdisk = osfamily.of(host).kernels.initial_ramdisk(release)
    needed = (f"/boot/vmlinuz-{release}", ramdisk, f"/lib/modules/{release}/modules.dep")
    return " ".join(path for path in needed if host.ask(["test", "-s", path]).exit_status)


def _refuse_without_cgroups(host: Host, new: str) -> None:
    """Refuse a kernel without the cgroup controllers that kubelet uses here: it would boot, but the node would fail."""
    lacking = host.check(lambda: _lacking_cgroups(host, new))
    if lacking:
        raise Refused(
            f"kernel {new} has no cgroup v1, which this machine uses: kubelet would not start on it",
            why=f"it was built without {lacking}; it was installed, but not booted",
            fix="set a kernel that has them, or switch this machine to cgroup v2: remove "
            "systemd.unified_cgroup_hierarchy=0 from its kernel command line, reboot it, run again",
            host=host.name,
            code="KB-KERNEL-CGROUPS",
        )


def _lacking_cgroups(host: Host, new: str) -> str:
    """The cgroup v1 options that the kernel lacks, if this machine uses v1; '' for none."""
    if host.answer(CGROUPS).text.strip() != "tmpfs":
        return ""
    config = host.ask(["grep", "_V1=", f"/boot/config-{new}"])
    lacking = lacks_cgroups_v1(new, config.stdout.decode("utf-8", "replace"))
    return " and ".join(lacking) if config.exit_status <= 1 else ""


def _try_once(host: Host, new: str, old: str) -> None:
    osfamily.of(host).kernels.boot_once(host, new)
    try:
        host.reboot(f"boot kernel {new} once", timeout=BOOT_TIMEOUT)
    except DeadlineExceeded as error:
        raise DeadlineExceeded(
            f"{error.what}, after a reboot into kernel {new}",
            why=error.why,
            fix=f"check its console; a power cycle boots {old}, which is still the default",
            host=host.name,
            code="KB-KERNEL-LOST",
        ) from None
    if host.check(lambda: "" if host.facts.kernel == new else host.facts.kernel):
        raise NotAsWanted(
            f"kernel {new} did not come up: the machine is running {host.facts.kernel} again",
            why="it was booted once and failed before the machine could be reached",
            fix=f"{old} is still the default; check the machine's console, then set another package in "
            "os.kernel.packages",
            host=host.name,
            code="KB-KERNEL-FELL-BACK",
        )
