# Write files, each completely or not at all; `put` prints a line that begins with the SHA-256 of the file then on the
# host. Values: ORIGINALS, PRIOR; AS_OWNER, see folders.sh; REFUSED, the prefix of the line that says which file leads
# through whose folder; PASSING, a template of mktemp. Lines `put PATH MODE OWNER KIND UNITS <<END` follow.
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
. ./alter-as-owner.sh
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
  way "$1"
  [ "$who" = root ] || { put_as_owner "$@"; return; }
  target=$1; [ ! -L "$1" ] || target=$(readlink -f -- "$1"); dir=${target%/*}
  [ "$4" = passing ] || keep "$target"
  [ -d "$dir" ] || { (umask 022; mkdir -p -- "$dir"); [ "${3%%:*}" = root ] || chown "$3" "$dir"; }
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
# The same in the folder of another user, by that user, who must be the one that the file is for.
put_as_owner() {
  dir=$through
  [ "$who" = "${3%%:*}" ] || refuse "$1" "no file of ${3%%:*} is written there"
  [ "$4" = passing ] || keep "$1"
  tmp=$(mktemp "$PASSING")
  base64 -d > "$tmp"
  [ "$4" = passing ] || ours "$1" "$tmp" "$4" "$5"
  alter_as_owner put "$1" "$2" "${3#*:}" < "$tmp" || refuse "$1" "$said"
  rm -f -- "$tmp"; tmp=
  as_owner digest "$1" 2>/dev/null </dev/null | one_line 64; echo
}
refuse() {
  printf '%s %s\n' "$REFUSED" "$(printf '%s\n' "$1" "$who" "$through" "$2" | base64 | tr -d '\n')" >&2
  exit 1
}
