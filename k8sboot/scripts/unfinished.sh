# Mark that a kubeadm run has begun, with what is not there yet; refused on a member of a cluster.
# Values: UNFINISHED, the mark; PARTS, paths that kubeadm makes; KUBELET_CONF.
# shellcheck disable=SC2086
if [ -e "$KUBELET_CONF" ]; then echo "$KUBELET_CONF exists: this machine is a member of a cluster" >&2; exit 1; fi
mkdir -p "${UNFINISHED%/*}" || exit
for f in $PARTS; do [ -e "$f" ] || echo "absent: $f"; done > "$UNFINISHED.new"
mv -f "$UNFINISHED.new" "$UNFINISHED"
