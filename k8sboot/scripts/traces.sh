# Print what Kubernetes left on the machine, one word each; an empty directory, such as a mount point, is nothing.
# Values: OURS, paths of k8sboot and of Calico; LINKS, a pattern for the start of names of Kubernetes' interfaces.
. ./packet-rules.sh
# shellcheck disable=SC2086
for f in /etc/kubernetes/*.conf /etc/kubernetes/manifests/* /etc/kubernetes/pki $OURS \
  /var/lib/kubelet/config.yaml /var/lib/etcd/member /var/lib/cni /var/lib/calico; do
  [ ! "$(ls -A $f)" ] || echo $f; done
ip -o link | awk -F'[:@] *' "\$2~/^($LINKS)/{print\$2}"
for t in iptables ip6tables; do [ -z "$($t-save 2>/dev/null | packet_rules)" ] || echo $t-save; done
