# What kube-proxy has left of another mode, a line each. Values: MEMBER, a file that members of a cluster have; CHAINS,
# a pattern of chains in the table filter that the present mode has not; LINK, an interface that it has not, or ''.
. ./proxy-jumps.sh
if [ -e "$MEMBER" ]; then
  [ -z "$LINK" ] || [ ! -e "/sys/class/net/$LINK" ] || echo "interface $LINK"
  for v in $(variants); do rules $v; done 2>/dev/null | sed -n -E "s/.* -j ($CHAINS)\$/chain \1/p" | sort -u
fi
