"""Ports on which a cluster listens, as kubeadm configures them. Source: kubernetes/website ports-and-protocols.md."""

API_SERVER = 6443
KUBELET = 10250
ETCD_CLIENTS, ETCD_PEERS = 2379, 2380
CONTROL_PLANE = (API_SERVER, ETCD_CLIENTS, ETCD_PEERS, 10257, 10259)
"""API server, etcd for clients and for its peers, controller manager, scheduler."""
PROXY_METRICS = 10249
"""kube-proxy's, on 127.0.0.1, where it reports its mode."""

CALICO_BGP, CALICO_TYPHA = 179, 5473
"""Calico's, over TCP. Source: docs.tigera.io, system requirements."""
CALICO_TUNNELS = {"ipip": "IP protocol 4 (IPIP)", "vxlan": "4789/udp (VXLAN)"}
"""What carries packets between hosts, by Calico's encapsulation."""
