"""Paths of the files of kubeadm and kubelet on a host."""

ADMIN_CONF = "/etc/kubernetes/admin.conf"
KUBELET_CONF = "/etc/kubernetes/kubelet.conf"
CA_CERT = "/etc/kubernetes/pki/ca.crt"
KUBELET_CONFIG = "/var/lib/kubelet/config.yaml"
MANIFESTS = "/etc/kubernetes/manifests"
APISERVER_CERT = "/etc/kubernetes/pki/apiserver.crt"
