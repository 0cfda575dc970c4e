# Print `URL REASON` for each of the folders "$@" in which apt's helper finds no index. TO: see apt-fetch.sh.
# All are tried at once, so that servers that do not answer cost the time of one.
reach() {
  f=$(mktemp "$TO") || return
  for name in InRelease Release; do
    said=$(/usr/lib/apt/apt-helper -o Acquire::Retries=0 -o Acquire::http::Timeout=8 -o Acquire::https::Timeout=8 \
      -o APT::Sandbox::User=root download-file "$1$name" "$f" 2>&1 </dev/null) && said= && break
  done
  rm -f "$f"
  [ -z "$said" ] || printf '%s %s\n' "$1" "$(printf '%s\n' "$said" | sed -n '/^E: /{s/^E: *//p;q;}')"
}
for u; do reach "$u" & done
wait
