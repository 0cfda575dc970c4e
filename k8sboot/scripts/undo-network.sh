# Remove what the pod network and Services left: interfaces, ipvs tables, iptables rules.
# Values: LINKS, a pattern for the start of names of interfaces to delete; CNI, a file of Calico's.
. ./packet-rules.sh
for l in $(ip -o link | awk -F'[:@] *' "\$2~/^($LINKS)/{print\$2}"); do
  ip link delete "$l" || true; done
# The kernel's own tunnel, which Calico gave an address; it cannot be deleted.
[ ! -e "$CNI" ] || { ip address flush dev tunl0; ip link set tunl0 down; } 2>/dev/null || true
if [ -e /proc/net/ip_vs ] && command -v ipvsadm >/dev/null; then ipvsadm --clear; fi
for v in iptables ip6tables iptables-legacy ip6tables-legacy iptables-nft ip6tables-nft; do
  command -v $v-save >/dev/null || continue
  rules=$($v-save 2>/dev/null) || continue
  [ -z "$(printf '%s\n' "$rules" | packet_rules)" ] || printf '%s\n' "$rules" | other_rules | $v-restore
done
