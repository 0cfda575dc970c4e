# The packet filter's services that are active, and its rules that reject what comes in, without those of Kubernetes and
# Calico: `unit NAME` and `rule TEXT`, a line each.
for u in nftables iptables firewalld ufw; do
  systemctl is-active -q $u && echo "unit $u"; done
nft list ruleset 2>/dev/null | awk '
  /^table/ { t = $2 " " $3 }
  /chain / { i = 0 }
  / hook input / { i = 1 }
  i && /reject|drop/ { $1 = $1; print "rule " t ": " $0 }' | head -n 8
iptables -S INPUT 2>/dev/null | grep -E 'REJECT|DROP' | sed 's/^/rule iptables: /'
