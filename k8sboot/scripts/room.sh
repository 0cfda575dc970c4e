# room PATH: the free space and inodes of the file system of PATH, which need not exist.
room() {
  d=$1
  while [ "$d" ] && [ ! -d "$d" ]; do d=${d%/*}; done
  df -hP "${d:-/}"; df -iP "${d:-/}" | tail -n 1
}
