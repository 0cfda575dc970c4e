# Stop the containers of these pods. Values: TIMEOUT, seconds; UNIT; ENDPOINT.
systemctl -q is-active "$UNIT" || exit 0
ask() { timeout "$TIMEOUT" crictl --timeout "${TIMEOUT}s" --runtime-endpoint "$ENDPOINT" "$@"; }
for uid; do ask pods -q --label "io.kubernetes.pod.uid=$uid"; done | sort -u | while read -r pod; do
  ask stopp "$pod" </dev/null || exit
done
