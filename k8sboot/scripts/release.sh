# Release the lease, if it is still this run's, and remove the output of its last short change.
# Values: DIR, RUN, REFUSED; ALL, see once.sh.
exec 8>>"$DIR/guard"; ! command -v flock >/dev/null || flock -w 10 8 || exit $REFUSED
read -r run _ 2>/dev/null < "$DIR/lock" || run=
[ "$run" = "$RUN" ] || exit 0
for old in "$ALL"/*; do [ ! -e "$old/rc" ] || rm -rf -- "$old"; done
rm -f "$DIR/lock"
