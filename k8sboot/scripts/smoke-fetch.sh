# Fetch over HTTP with bash, and print a line for each: its key, the exit status (124: timed out), the number of
# characters of the answer, and its first and last ones in base64.
# Argument: lines "KEY ADDRESS PORT PATH"; a PATH that ends in %3D gets SIZE letters more. Values: SIZE, SECONDS_EACH,
# AT_ONCE.
export SECONDS_EACH PAYLOAD FETCH
PAYLOAD=$(head -c "$SIZE" /dev/zero | tr '\0' x)
# shellcheck disable=SC2016
FETCH='exec 3<>"/dev/tcp/$0/$1" && printf "GET %s HTTP/1.0\r\nHost: smoke\r\n\r\n" "$2" >&3 && cat <&3'
# shellcheck disable=SC2016
printf '%s\n' "$1" | xargs -r -P "$AT_ONCE" -L 1 sh -c '
  path=$3; case $path in *%3D) path=$path$PAYLOAD ;; esac
  said=$(timeout -k 1 "$SECONDS_EACH" bash -c "$FETCH" "$1" "$2" "$path" 2>&1)
  status=$?
  printf "%s %s %s %s\n" "$0" "$status" "${#said}" \
    "$({ printf %s "$said" | head -c 600; printf %s "$said" | tail -c 300; } | base64 | tr -d "\n")"'
true
