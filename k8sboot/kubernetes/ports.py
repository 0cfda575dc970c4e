"""Ports on which a cluster listens, as kubeadm configures them. Source: kubernetes/website ports-and-protocols.md."""

API_SERVER = 6443
KUBELET = 10250
CONTROL_PLANE = (API_SERVER, 2379, 2380, 10257, 10259)
"""API server, etcd for clients and for its peers, controller manager, scheduler."""
PROXY_METRICS = 10249
"""kube-proxy's, on 127.0.0.1, where it reports its mode."""
