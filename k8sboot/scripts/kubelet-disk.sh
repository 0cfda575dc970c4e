# Print the file systems that kubelet watches: `SIGNAL MOUNT SIZE FREE INODES FREE-INODES`, in KiB, a line each.
# Values: NODE_FS, the folder of kubelet's own data; IMAGE_FS, that of images. A folder need not exist.
fs() {
  d=$2
  while [ "$d" ] && [ ! -d "$d" ]; do d=${d%/*}; done
  df -Pk "${d:-/}" 2>/dev/null | awk -v n="$1" 'NR == 2 { printf "%s %s %s %s", n, $NF, $2, $4 }'
  df -Pi "${d:-/}" 2>/dev/null | awk 'NR == 2 { printf " %s %s", $2, $4 }'
  echo
}
fs nodefs "$NODE_FS"
fs imagefs "$IMAGE_FS"
