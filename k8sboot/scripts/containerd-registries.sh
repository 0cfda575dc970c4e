# Print the files of registries that k8sboot has written, and `shared FILE` for an operator's to which it added.
# Values: FOLDER; HEAD, the first line of k8sboot's own; ORIGINALS, where it records what it wrote.
for f in "$FOLDER"/*/hosts.toml; do
  [ -f "$f" ] || continue
  first=; IFS='' read -r first < "$f"
  if [ "$first" != "$HEAD" ]; then
    [ ! -e "$ORIGINALS$f.k8sboot-part" ] || echo "shared $f"
    continue
  fi
  echo "$f"
  [ ! -f "${f%/*}/ca.crt" ] || echo "${f%/*}/ca.crt"
done
