"""Paths of the files of kubeadm and kubelet on a host."""

ADMIN_CONF = "/etc/kubernetes/admin.conf"
SUPER_ADMIN_CONF = "/etc/kubernetes/super-admin.conf"
"""On the first master only: bypasses RBAC, unlike admin.conf beside it."""
KUBELET_CONF = "/etc/kubernetes/kubelet.conf"
CA_CERT = "/etc/kubernetes/pki/ca.crt"
CA_KEY = "/etc/kubernetes/pki/ca.key"
KUBELET_CONFIG = "/var/lib/kubelet/config.yaml"
KUBELET_INSTANCE_CONFIG = "/var/lib/kubelet/instance-config.yaml"
"""The host's own: kubelet lays it over KUBELET_CONFIG."""
MANIFESTS = "/etc/kubernetes/manifests"
APISERVER_CERT = "/etc/kubernetes/pki/apiserver.crt"
CONTROL_PLANE_MANIFESTS = tuple(
    f"{MANIFESTS}/{name}.yaml"
    for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
)
ETCD_DATA = "/var/lib/etcd/member"
KUBELET_CLIENT = "/var/lib/kubelet/pki/kubelet-client-current.pem"
KUBELET_FLAGS = (
    "/var/lib/kubelet/kubeadm-flags.env",
    "/etc/default/kubelet",
    "/etc/sysconfig/kubelet",
)
"""Files that may hold kubelet's flags; a later one takes precedence."""
