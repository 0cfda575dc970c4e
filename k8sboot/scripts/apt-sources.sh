# Print apt's lists of sources: a line `file PATH`, then `| LINE` for each line.
set --
for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
  [ ! -f "$f" ] || set -- "$@" "$f"
done
[ $# = 0 ] || awk 'FNR == 1 {print "file " FILENAME} {print "| " $0}' "$@"
