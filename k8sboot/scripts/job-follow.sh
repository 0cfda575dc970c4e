# Print a line, then a job's log from byte FROM on as it grows; once the job has ended, its state and exit status on
# stderr. A dot on stderr every BEAT rounds says that this script is alive, and ends it when its connection is gone.
# Values: JOB, its directory; FROM, counted from 0; POLL, the seconds between two rounds; BEAT.
echo following
cd "$JOB" 2>/dev/null && [ -r log ] || { echo gone - >&2; exit; }
exec 3< log
[ $FROM = 0 ] || dd bs=1 count=0 skip=$FROM <&3 2>/dev/null
round=0
while :; do
  state=lost rc=-
  {
  . ./alive.sh
  } 2>/dev/null && state=running
  [ -e rc ] && read -r rc < rc && state=ended
  [ $state != lost ] || [ -e log ] || state=gone
  cat <&3 || exit
  [ $state = running ] || break
  sleep $POLL
  round=$((round+1))
  [ $((round%BEAT)) != 0 ] || printf . >&2 || exit
done
printf '\n%s %s\n' $state "$rc" >&2
