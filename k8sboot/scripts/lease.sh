# Run the script in place of `inner` only where this run holds the host or may take it; host/lease.py tells when.
# Values: DIR, WORK; RUN and ORIGIN, which say whose the lease is, and WHO for people; LASTS in seconds;
# REFUSED and NO_ROOM, exit statuses; SAID, which begins the line that says who else has the host.
. ./room.sh
no_room() {
  rm -f "$DIR/lock.new"
  { echo "$DIR: no space left on device"; room "$DIR"; } >&2
  exit "$NO_ROOM"
}
refuse() { echo "$SAID $*" >&2; exit "$REFUSED"; }
# shellcheck disable=SC2174
mkdir -p -m 0700 "$DIR" && (: >> "$DIR/guard") && (: >> "$WORK") || no_room
exec 8>>"$DIR/guard"
command -v flock >/dev/null || flock() { :; }
flock -w 30 8 || refuse "$DIR/guard stays locked"
IFS=. read -r up _ < /proc/uptime
run='' origin='' until=0 who=''
[ ! -s "$DIR/lock" ] || { read -r run origin until && IFS= read -r who; } < "$DIR/lock" || :
if [ "$run" != "$RUN" ]; then
  if [ -n "$run" ] && [ "$until" -gt "$up" ] && { [ "$ORIGIN" = - ] || [ "$origin" != "$ORIGIN" ]; }; then
    refuse lease $((until - up)) "$who"
  fi
  exec 9>>"$WORK"
  flock -n -x 9 || refuse work "$who"
  exec 9>&-
fi
(printf '%s %s %s\n%s\n' "$RUN" "$ORIGIN" $((up + LASTS)) "$WHO" > "$DIR/lock.new") || no_room
mv -f "$DIR/lock.new" "$DIR/lock" || no_room
exec 9>>"$WORK"
flock -s 9
exec 8>&-
# What the script starts does not inherit the lock, so that a daemon cannot keep it. The shell that does hold it has
# something left to do behind the script: else dash would become the script, and close the lock.
(
inner
) 8>&- 9>&-
exit $?
