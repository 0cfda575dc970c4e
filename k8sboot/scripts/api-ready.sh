# Print `ok` if this master's own API server is ready, or else what kubectl says. Fails where there is no API server.
# Values: KUBECTL, a command; MANIFEST, of the API server.
# shellcheck disable=SC2086
[ -f "$MANIFEST" ] || exit 1
. ./own-api.sh
# kubectl quotes what /readyz says, in one line.
said=$(timeout 6 $KUBECTL ${own:+--server "$own"} get --raw /readyz --request-timeout=5s 2>&1 |
  sed 's/\\n/\n/g' | grep -v '^\[+\]' | tail -c 1500)
printf '%s\n' "${said:-no answer within 6 s}"
