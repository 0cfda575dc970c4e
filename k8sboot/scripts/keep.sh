# Keep the first original of a file under $ORIGINALS; see host/originals.py for the records next to it.
# Value: AS_OWNER, see folders.sh.
new=
. ./folders.sh
. ./digest.sh
# k8sboot has saved everything that it changed here.
mark_complete() { [ -d "$ORIGINALS" ] || [ -d "$PRIOR" ] || mkdir -p "$PRIOR/complete"; }
# line FILE TEXT: add the line to the file unless it is there.
line() { grep -qxF -e "$2" "$1" 2>/dev/null || { printf '%s\n' "$2" >> "$1"; new="$new $1"; }; }
# keep PATH: a link is kept as a link. The digest is written before its file is in place: a file without one was
# kept by an older k8sboot.
keep() {
  kept=$ORIGINALS$1
  [ ! -e "$kept" ] && [ ! -L "$kept" ] && [ ! -e "$kept.k8sboot-absent" ] || return 0
  mark_complete
  mkdir -p -- "${kept%/*}"
  way "$1"
  if [ "$who" != root ]; then keep_as_owner "$1"
  elif [ -e "$1" ] || [ -L "$1" ]; then
    rm -f -- "$kept.k8sboot-new"
    cp -a -- "$1" "$kept.k8sboot-new"
    sync "$kept.k8sboot-new" 2>/dev/null || sync
    [ ! -f "$1" ] && [ ! -L "$1" ] || digest "$1" > "$kept.k8sboot-sha256"
    mv -T -- "$kept.k8sboot-new" "$kept"
  else
    above=${1%/*}; made=
    while [ -n "$above" ] && [ ! -d "$above" ]; do made=$above; above=${above%/*}; done
    printf '%s\n' "$made" > "$kept.k8sboot-new"
    mv -T -- "$kept.k8sboot-new" "$kept.k8sboot-absent"
  fi
}
# The same of a file in another user's folder, as that user reads it. What cannot be read is not kept.
keep_as_owner() {
  found=
  [ "$who" = '?' ] || found=$(as_owner state "$1" 0 2>/dev/null </dev/null | one_line 300)
  case $found in
    'absent ')
      made=${1%/*}; [ ! -d "$made" ] || made=
      printf '%s\n' "$made" > "$kept.k8sboot-new"
      mv -T -- "$kept.k8sboot-new" "$kept.k8sboot-absent" ;;
    [0-7][0-7][0-7]\ * | [0-7][0-7][0-7][0-7]\ *)
      as_owner content "$1" 2>/dev/null </dev/null | head -c 1048576 > "$kept.k8sboot-new"
      digest "$kept.k8sboot-new" > "$kept.k8sboot-sha256"
      case $found in
        *" $(cat "$kept.k8sboot-sha256") ."*) ;;
        *) rm -f -- "$kept.k8sboot-new" "$kept.k8sboot-sha256"; return 0 ;;
      esac
      mode=${found%% *}; chmod "${mode#"${mode%???}"}" "$kept.k8sboot-new"
      chown "$who" "$kept.k8sboot-new"
      sync "$kept.k8sboot-new" 2>/dev/null || sync
      mv -T -- "$kept.k8sboot-new" "$kept" ;;
  esac
}
