# Run the script in place of `inner` only if this run holds the host or may acquire it; see host/lease.py.
# Values: DIR, WORK; RUN and ORIGIN, which identify the lease's owner, and WHO for people; LASTS in seconds;
# REFUSED and NO_ROOM, exit statuses; SAID, the prefix of the line that names another holder.
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
# The script's processes do not inherit the lock, so that a daemon cannot keep it. The shell that holds it runs a
# command after the script: otherwise dash would exec the script, and close the lock.
(
inner
) 8>&- 9>&-
exit $?
