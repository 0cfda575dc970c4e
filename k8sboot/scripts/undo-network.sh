# Remove what the network of pods and Services has left: interfaces, ipvs, rules of iptables.
# Value: LINKS, how interfaces to be deleted begin, a pattern.
for l in $(ip -o link | awk -F'[:@] *' "\$2~/^($LINKS)/{print\$2}"); do
  ip link delete "$l" || true; done
if [ -e /proc/net/ip_vs ] && command -v ipvsadm >/dev/null; then ipvsadm --clear; fi
for v in iptables ip6tables iptables-legacy ip6tables-legacy iptables-nft ip6tables-nft; do
  command -v $v-save >/dev/null || continue
  rules=$($v-save 2>/dev/null) || continue
  case $rules in *KUBE-*|*cali-*) printf '%s\n' "$rules" | grep -vE 'KUBE-|cali[-:]' | $v-restore ;; esac
done
