# Print a job's state, exit status and size of its log, then the log from byte FROM on, at most 1 MiB of it.
# Values: JOB, its directory; FROM, counted from 1; LEFT, how often to check for news, and POLL, the seconds between.
cd "$JOB" 2>/dev/null || { echo gone - 0; exit; }
while :; do
  state=lost rc=-
  {
  . ./alive.sh
  } && state=running
  [ -e rc ] && state=ended rc=$(cat rc)
  size=$(wc -c < log)
  [ $state = running ] && [ $size -lt $FROM ] && [ $LEFT -gt 0 ] || break
  LEFT=$((LEFT-1))
  sleep $POLL
done
echo $state $rc $size
tail -c +$FROM log | head -c 1048576
