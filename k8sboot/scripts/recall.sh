# How a script of once.sh went; one that has not begun is called off. Values: ALL, THIS; LEFT, how often its end is
# looked for, and POLL, the seconds between; NEVER, RUNNING, ENDED.
cat /proc/sys/kernel/random/boot_id
(umask 077; mkdir -p "$ALL")
if mkdir "$THIS" 2>/dev/null; then echo "$NEVER -"; exit; fi
while [ ! -e "$THIS/rc" ] && [ "$LEFT" -gt 0 ]; do LEFT=$((LEFT - 1)); sleep "$POLL"; done
[ -e "$THIS/rc" ] || { echo "$RUNNING -"; exit; }
echo "$ENDED $(cat "$THIS/rc")"; cat "$THIS/out"; cat "$THIS/err" >&2
