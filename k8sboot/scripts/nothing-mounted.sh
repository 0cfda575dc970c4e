# Fail if anything is mounted below the directories that a reset empties: kubeadm deletes what it cannot unmount.
. ./mounts.sh
m=$(mounts) || { echo 'cannot read the mounts of this host' >&2; exit 1; }
[ -z "$m" ] || { printf 'mounted meanwhile, and not to be deleted:\n%s\n' "$m" >&2; exit 1; }
