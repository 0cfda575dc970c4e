# Print the result of a script of once.sh; cancel one that has not begun. Values: ALL, THIS; LEFT, how often to check
# for its end, and POLL, the seconds between; NEVER, RUNNING, ENDED.
cat /proc/sys/kernel/random/boot_id
(umask 077; mkdir -p "$ALL")
if mkdir "$THIS" 2>/dev/null; then echo "$NEVER -"; exit; fi
while [ ! -e "$THIS/rc" ] && [ "$LEFT" -gt 0 ]; do LEFT=$((LEFT - 1)); sleep "$POLL"; done
[ -e "$THIS/rc" ] || { echo "$RUNNING -"; exit; }
echo "$ENDED $(cat "$THIS/rc")"; cat "$THIS/out"; cat "$THIS/err" >&2
