# room PATH: the space and the inodes that are left where PATH is, or would be.
room() {
  d=$1
  while [ "$d" ] && [ ! -d "$d" ]; do d=${d%/*}; done
  df -hP "${d:-/}"; df -iP "${d:-/}" | tail -n 1
}
