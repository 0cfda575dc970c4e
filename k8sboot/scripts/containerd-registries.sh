# Print the files of registries that k8sboot has written. Values: FOLDER; HEAD, their first line.
for f in "$FOLDER"/*/hosts.toml; do
  [ -f "$f" ] && [ "$(head -n 1 "$f")" = "$HEAD" ] || continue
  echo "$f"
  [ ! -f "${f%/*}/ca.crt" ] || echo "${f%/*}/ca.crt"
done
