# Print `ok` if this master's own API server is ready, or else what kubectl says. Fails where there is no API server.
# Values: KUBECTL, a command; MANIFEST, of the API server.
# shellcheck disable=SC2086
[ -f "$MANIFEST" ] || exit 1
. ./own-api.sh
said=$(timeout 6 $KUBECTL ${own:+--server "$own"} get --raw /readyz --request-timeout=5s 2>&1 | tail -c 1500)
echo "${said:-no answer within 6 s}"
