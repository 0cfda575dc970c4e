# Stop a job and everything that it started: with SIGTERM, then with SIGKILL. Values: JOBS; JOB, its name.
cd "$JOBS/$JOB" || exit 0
read -r _ pid < pid
end() {
  if [ -d /run/systemd/system ]; then
    systemctl kill --signal="$1" "k8sboot-$JOB.service"
  else
    kill -s "$1" -- "-$pid"
  fi
} 2>/dev/null
end TERM
tries=30
while kill -0 "$pid" 2>/dev/null && [ $tries -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
end KILL
:
