# Print the metrics in NAMES of the member of etcd on this machine. Fails where there is none, or it does not answer.
# Values: MANIFEST, of etcd; NAMES, a pattern.
[ -f "$MANIFEST" ] || exit 1
port=$(sed -n 's/^ *- --listen-metrics-urls=.*127\.0\.0\.1:\([0-9]*\).*/\1/p' "$MANIFEST" | head -n 1)
# shellcheck disable=SC2016
timeout 5 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0"; printf "GET /metrics HTTP/1.0\r\n\r\n" >&3; cat <&3' "${port:-2381}" |
  grep -E "^($NAMES)[{ ]" | head -n 64
