# Remove what kube-proxy has left of another mode. Values: CHAINS and LINK as in proxy-left.sh.
# The chains are emptied in one step; one that another program's rules jump to stays, without rules.
. ./proxy-jumps.sh
for v in $(variants); do
  left=$(jumps $v) || continue
  chains=$(printf '%s\n' "$left" | sed 's/.* //' | sort -u)
  { echo '*filter'; printf ':%s - [0:0]\n' $chains; printf '%s\n' "$left" | sed 's/^-A/-D/'; echo COMMIT; } |
    $v-restore --noflush || exit
  for c in $chains; do $v -X $c 2>/dev/null || true; done
done
# Virtual servers of Services: at an address of the interface, a NodePort with masquerading, or one that kube-proxy's
# sets of NodePorts name and that leads nowhere. Those of others stay.
nodeports() {
  for s in NODE 6-NODE; do
    ipset list "KUBE-$s-PORT-TCP" | sed -n 's/^[0-9]*$/nodeport -t &/p'
    ipset list "KUBE-$s-PORT-UDP" | sed -n 's/^[0-9]*$/nodeport -u &/p'
  done 2>/dev/null
}
[ -z "$LINK" ] || [ ! -e "/sys/class/net/$LINK" ] || {
  ! command -v ipvsadm >/dev/null || {
    ip -o address show dev "$LINK" | awk '{ sub("/.*", "", $4); print "address", $4 }'
    nodeports
    ipvsadm -Sn
  } | awk '
    $1 == "address" { own[$2]; own["[" $2 "]"] }
    $1 == "nodeport" && $3 { node[$2 " " $3] }
    $1 == "-A" {
      at = $3; port = at; sub(".*:", "", port); sub(":[^:]*$", "", at)
      gone[$2 " " $3] = at in own; idle[$2 " " $3] = ($2 " " port) in node
    }
    $1 == "-a" { idle[$2 " " $3] = 0 }
    $1 == "-a" && port >= 30000 && port <= 32767 && / -m( |$)/ { gone[$2 " " $3] = 1 }
    END { for (each in gone) if (gone[each] || idle[each]) print "-D " each }' | ipvsadm -R
  ip link delete "$LINK"
}
