"""Ports on which a cluster listens, as kubeadm configures them. Source: kubernetes/website ports-and-protocols.md."""

API_SERVER = 6443
KUBELET, KUBELET_HEALTH = 10250, 10248
ETCD_CLIENTS, ETCD_PEERS = 2379, 2380
CONTROL_PLANE = {
    API_SERVER: "the API server",
    ETCD_CLIENTS: "etcd",
    ETCD_PEERS: "etcd",
    10257: "the controller manager",
    10259: "the scheduler",
}
"""What listens there on a master."""
PROXY_METRICS, PROXY_HEALTH = 10249, 10256
"""kube-proxy's; on the first, on 127.0.0.1, it reports its mode."""

CALICO_BGP, CALICO_TYPHA, CALICO_FELIX = 179, 5473, 9099
"""Calico's, over TCP. Source: docs.tigera.io, system requirements and Felix's healthPort."""
CALICO_TUNNELS = {"ipip": "IP protocol 4 (IPIP)", "vxlan": "4789/udp (VXLAN)"}
"""What carries packets between hosts, by Calico's encapsulation."""
ON_LOOPBACK = (KUBELET_HEALTH, PROXY_METRICS, CALICO_FELIX)
"""Those that listen on 127.0.0.1 alone: a program on another address is not in their way."""
