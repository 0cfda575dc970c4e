# Write files, each completely or not at all; `put` prints a line that begins with the SHA-256 of the file then on the
# host. Values: ORIGINALS, PRIOR. Lines `put PATH MODE OWNER KIND UNITS <<END` follow.
set -eu
umask 077
tmp='' dir=''; trap 'give_up $?' EXIT; trap 'exit 143' HUP INT TERM
. ./room.sh
# give_up STATUS: fail, and print the free space.
give_up() {
  [ "$1" = 0 ] || [ -z "$dir" ] || room "$dir" >&2 || :
  [ -z "$tmp" ] || rm -f -- "$tmp"
}
. ./keep.sh
# ours PATH FILE KIND UNITS: record that FILE is written to PATH, and that these units read it.
ours() {
  kept=$ORIGINALS$1
  line "$kept.k8sboot-ours" "$(digest "$2")"
  if [ "$3" = shown ]; then cp -- "$2" "$kept.k8sboot-new"; mv -fT -- "$kept.k8sboot-new" "$kept.k8sboot-copy"
  else rm -f -- "$kept.k8sboot-copy"; fi
  for unit in $4; do line "$kept.k8sboot-readers" "$unit"; done
}
# put PATH MODE OWNER shown|secret|passing UNITS, content in base64 on stdin. A link is followed and its target
# replaced. The first original is kept once, with its attributes, before anything else.
put() {
  target=$1; [ ! -L "$1" ] || target=$(readlink -f -- "$1"); dir=${target%/*}
  [ "$4" = passing ] || keep "$target"
  [ -d "$dir" ] || (umask 022; mkdir -p -- "$dir")
  rm -f -- "$dir"/.k8sboot.??????
  tmp=$(mktemp "$dir/.k8sboot.XXXXXX")
  base64 -d > "$tmp"
  [ "$4" = passing ] || ours "$target" "$tmp" "$4" "$5"
  chown "$3" "$tmp"; chmod "$2" "$tmp"
  [ ! -e "$target" ] || chcon --reference="$target" "$tmp" 2>/dev/null || :
  sync "$tmp" 2>/dev/null || sync
  mv -fT -- "$tmp" "$target"; tmp=
  sha256sum < "$target"
}
