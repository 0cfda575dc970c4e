# Print the repositories in yum's files: a line `file PATH`, then `| LINE` for each line with an id, a URL or
# whether it is enabled.
set --
for f in /etc/yum.repos.d/*.repo; do
  [ ! -f "$f" ] || set -- "$@" "$f"
done
[ $# = 0 ] || awk 'FNR == 1 {print "file " FILENAME} /^\[|^(enabled|baseurl|mirrorlist|metalink)[ =]/ {print "| " $0}' "$@"
