# Release the lease, if it is still this run's. Values: DIR, RUN, REFUSED.
exec 8>>"$DIR/guard"; ! command -v flock >/dev/null || flock -w 10 8 || exit $REFUSED
read -r run _ 2>/dev/null < "$DIR/lock" || run=
[ "$run" != "$RUN" ] || rm -f "$DIR/lock"
