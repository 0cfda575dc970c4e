# What kube-proxy has left of another mode, a line each. Values: MEMBER, a file that members of a cluster have; CHAINS,
# a pattern of chains in the table filter that the present mode has not; LINK, an interface that it has not, or ''.
[ -e "$MEMBER" ] || exit 0
. ./proxy-jumps.sh
[ -z "$LINK" ] || [ ! -e "/sys/class/net/$LINK" ] || echo "interface $LINK"
for v in $(variants); do jumps $v; done | sed 's/.* /chain /' | sort -u
