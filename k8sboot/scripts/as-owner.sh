# Read or write a file as the owner of the folder on its way. Arguments: what to do, the path, and what else it takes.
. ./state-as-owner.sh
digest() {
  if [ -f "$1" ]; then sha256sum < "$1"
  elif [ -e "$1" ] || [ -L "$1" ]; then echo other
  else echo absent; fi
}
content() { cat -- "$1"; }
# put PATH MODE GROUP: its content comes on stdin. A link is followed and its target replaced.
put() {
  target=$1; [ ! -L "$1" ] || target=$(readlink -f -- "$1"); dir=${target%/*}
  [ -d "$dir" ] || (umask 027; mkdir -p -- "$dir")
  tmp=; trap '[ -z "$tmp" ] || rm -f -- "$tmp"' EXIT; trap 'exit 143' HUP INT TERM
  tmp=$(mktemp "$dir/.k8sboot.XXXXXX")
  cat > "$tmp"
  [ -z "$3" ] || chgrp -- "$3" "$tmp" 2>/dev/null || :
  chmod "$2" "$tmp"
  sync "$tmp" 2>/dev/null || sync
  mv -fT -- "$tmp" "$target"; tmp=
}
# link PATH TARGET
link() { ln -sfT -- "$2" "$1"; }
# remove PATH FOLDER: the folder, too, if it was made for the file and is empty; '' for none.
remove() {
  rm -f -- "$1"
  [ -z "$2" ] || rmdir -- "$2" 2>/dev/null || :
}
"$@"
