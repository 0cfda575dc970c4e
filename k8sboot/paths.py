"""Every path of k8sboot on a host. Imports no other module of k8sboot."""

STATE_DIR = "/var/lib/k8sboot"
"""For what must survive a reboot."""
ORIGINALS_DIR = f"{STATE_DIR}/original"
PRIOR_DIR = f"{STATE_DIR}/former"
JOBS_DIR = f"{STATE_DIR}/jobs"
KERNEL_DIR = f"{STATE_DIR}/kernel"
"""Packages of a newer kernel, until it has booted."""
UNFINISHED = f"{STATE_DIR}/kubeadm-unfinished"
"""Exists from before kubeadm init or join until it succeeds, and lists what was absent: that may be reset."""
CLUSTER_MARK = f"{STATE_DIR}/cluster"
"""The cluster that the machine is a member of: its name, and its CA's certificate."""

RUN_DIR = "/run/k8sboot"
"""For what a reboot may remove; 0700."""
LOCK = f"{RUN_DIR}/lock"
WORK = f"{RUN_DIR}/work"
ONCE_DIR = f"{RUN_DIR}/errands"
RESTART_DIR = f"{RUN_DIR}/restart"
KUBECTL_CACHE = f"{RUN_DIR}/kubectl"
CERTIFICATE_KEY = f"{RUN_DIR}/certificate-key"
JOIN_CONFIG = f"{RUN_DIR}/join.yaml"
KUBE_PROXY_PATCH = f"{RUN_DIR}/kube-proxy.json"
SMOKE = f"{RUN_DIR}/smoke.yaml"
"""Objects of the smoke test, while they are created."""
FETCHED = "/run/k8sboot-fetch.XXXXXX"
"""A download of apt's helper, as a template of mktemp."""

PASSING = "/run/k8sboot-put.XXXXXX"
"""A file on its way into another user's folder, as a template of mktemp."""

UNREAD_REPOSITORIES = f"{RUN_DIR}/unread-repositories"
"""A file for each repository of others, by its id, that yum could not read when it last read the lists."""

PROXY = "/etc/k8sboot/proxy.env"
"""The inventory's proxies as variables, for systemd and sh; 0600."""
PACKAGE_VERSIONS = "/etc/k8sboot/package-versions"
MANIFESTS_DIR = "/etc/kubernetes/k8sboot"
KUBEADM_CONFIG = f"{MANIFESTS_DIR}/kubeadm-config.yaml"
NODE_SETTINGS = f"{MANIFESTS_DIR}/node-settings"
"""Exists while k8sboot has set labels or taints of nodes."""
SMOKE_STATIC_POD = "/etc/kubernetes/manifests/k8sboot-smoke.yaml"
"""The static Pod of the smoke test, while it is tried."""

LIMITS = "/etc/security/limits.d/90-k8sboot.conf"
MODULES = "/etc/modules-load.d/k8sboot.conf"
SYSCTLS = "/etc/sysctl.d/90-k8sboot.conf"
UNMANAGED_INTERFACES = "/etc/NetworkManager/conf.d/90-k8sboot.conf"
GRUB_SETTINGS = "/etc/default/grub.d/zz-k8sboot.cfg"
"""Read last: other files there set the command line instead of adding to it."""
CLOUD_SETTINGS = "/etc/cloud/cloud.cfg.d/99-k8sboot.cfg"
"""Where operators tell cloud-init to leave host name and /etc/hosts alone; k8sboot does not write it."""
NTPDATE_CRON = "/etc/cron.d/k8sboot-ntpdate"


def unit_limits(unit: str) -> str:
    """The drop-in that sets the limits of a systemd unit."""
    return f"/etc/systemd/system/{unit}.d/90-k8sboot-limits.conf"


def runtime_limits(unit: str) -> str:
    """The same for the container runtime's own unit, under the name that existing hosts have."""
    return f"/etc/systemd/system/{unit}.d/k8sboot-limits.conf"


def runtime_proxy(unit: str) -> str:
    """The drop-in that gives the container runtime the variables of PROXY."""
    return f"/etc/systemd/system/{unit}.d/k8sboot-proxy.conf"


def apt_repository(name: str) -> str:
    """apt's list of one repository."""
    return f"/etc/apt/sources.list.d/k8sboot-{name}.list"


def apt_key(name: str, index: int) -> str:
    """The key file of a repository, a binary keyring; index counts from 0."""
    return f"/etc/apt/keyrings/k8sboot-{name}" + (f"-{index + 1}.gpg" if index else ".gpg")


def armored_apt_key(name: str, index: int) -> str:
    """The same in ASCII armor, which earlier versions of k8sboot wrote."""
    return f"{apt_key(name, index).removesuffix('.gpg')}.asc"


APT_LOGINS = "/etc/apt/auth.conf.d/k8sboot.conf"
"""apt's logins of repositories; 0600."""
CURL_LOGINS = "/etc/k8sboot/repositories.netrc"
"""The same for curl, which looks at indexes and keys before yum reads them; 0600."""


def yum_repository(name: str) -> str:
    """yum's file of one repository."""
    return f"/etc/yum.repos.d/k8sboot-{name}.repo"


def rpm_key(name: str, index: int) -> str:
    """The key file of a repository; index counts from 0."""
    return f"/etc/pki/rpm-gpg/k8sboot-{name}" + (f"-{index + 1}" if index else "")
