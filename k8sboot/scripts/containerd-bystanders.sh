# Print the running containers that are not kubelet's and stop with containerd; none where its unit spares them.
# Values: TIMEOUT, seconds; UNIT.
systemctl -q is-active "$UNIT" || exit 0
[ "$(systemctl show -p KillMode "$UNIT")" != KillMode=process ] || exit 0
ask() { timeout "$TIMEOUT" ctr --connect-timeout 60s "$@"; }
all=$(ask namespaces ls -q) || exit
for n in $all; do
  pods=$(ask -n "$n" containers ls -q 'labels."io.cri-containerd.kind"') || exit
  running=$(ask -n "$n" tasks ls) || exit
  printf '%s\n' "$running" | awk -v n="$n/" -v pods="$pods" '
    BEGIN {split(pods, names, "\n"); for (i in names) is_pod[names[i]]}
    NR > 1 && $3 == "RUNNING" && !($1 in is_pod) {print n $1}'
done
