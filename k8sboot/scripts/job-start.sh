# Start a job unless it was started, and wait until it has a process; fail if it has none.
# Values: JOBS; JOB, its name; OLD, the number of the first job to remove, counted from the newest that has ended.
# The other shell writes the files script and run.
set -e
. ./room.sh
trap '[ $? = 0 ] || room "$JOBS" >&2 || :' EXIT
umask 077
mkdir -p "$JOBS"
cd "$JOBS"
if mkdir "$JOB" 2>/dev/null; then
  # shellcheck disable=SC2012 # the names are ours
  ls -1t | while IFS= read -r old; do [ ! -e "$old/rc" ] || printf '%s\n' "$old"; done |
    tail -n "+$OLD" | while IFS= read -r old; do rm -rf -- "$old"; done
  cd "$JOB"
inner
  : > log
  cd ..
  if [ -d /run/systemd/system ]; then
    collect=--collect
    systemd-run --help | grep -q -- --collect || collect=
    systemd-run --quiet $collect --unit="k8sboot-$JOB" /bin/sh "$JOBS/$JOB/run"
  else
    setsid /bin/sh "$JOBS/$JOB/run" < /dev/null > /dev/null 2>&1 &
  fi
elif [ ! -d "$JOB" ]; then
  mkdir "$JOB"
fi
tries=50
while [ ! -e "$JOB/pid" ] && [ ! -e "$JOB/rc" ] && [ $tries -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
[ -e "$JOB/pid" ] || { echo "the job did not start" >&2; exit 1; }
