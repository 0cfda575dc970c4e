# Run a job's script: hold the host's lock while it runs, and store its exit status.
# Values: CLEAN, the words that start a command in a clean environment; JOB, its directory; DIR, WORK.
# shellcheck disable=SC2086 # words
cd "$JOB" || exit 1
# shellcheck disable=SC2174
mkdir -p -m 0700 "$DIR"
exec 9>>"$WORK"
! command -v flock >/dev/null || flock -s 9
printf '%s %s\n' "$(cat /proc/sys/kernel/random/boot_id)" $$ > pid.new
mv pid.new pid
(umask 022; cd /; exec $CLEAN /bin/sh "$JOB/script") < /dev/null > log 2>&1 9>&-
echo $? > rc.new
mv rc.new rc
