# Remove what another pod network than Calico left: its configurations, interfaces, and routes to podSubnet.
# Values: LINKS, a pattern for the start of names of interfaces to delete; SUBNET.
rm -f -- /etc/cni/net.d/*.conf /etc/cni/net.d/*.conflist
for l in $(ip -o link | awk -F'[:@] *' "\$2~/^($LINKS)/{print\$2}"); do
  ip link delete "$l" || true; done
ip -4 route flush root "$SUBNET" || true
