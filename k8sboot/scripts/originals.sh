# Save the state of what is about to be changed. Values: ORIGINALS, PRIOR, STATE.
# The other shell: lines `was KIND NAME AIM`.
(
set -eu
umask 077
. ./keep.sh
. ./state.sh
was() {
  case $1 in
    file) keep "$2"; set -- "$1" "$2" "$3" "$ORIGINALS$2.k8sboot-ours" ;;
    *) note "$@"; [ -s "$note" ] || return 0; set -- "$1" "$2" "$3" "$note.ours" ;;
  esac
  [ -z "$3" ] || line "$4" "$3"
}
note() {
  note=$PRIOR/$1/$(printf %s "$2" | tr / %)
  if [ ! -s "$note" ]; then
    text=no
    case $1 in unit | sysctl | swap | selinux | hostname) text=$(state "$@") ;; esac
    case $1 in sysctl | selinux | hostname)
      [ "$(printf %s "$text" | tr -s '[:blank:]' ' ')" != "$3" ] || return 0 ;;
    esac
    mark_complete
    mkdir -p -- "${note%/*}"
    printf '%s\n' "$text" > "$note.k8sboot-new"
    mv -fT -- "$note.k8sboot-new" "$note"
    new="$new $note"
  fi
}
inner
# For a name with a space, it syncs everything.
# shellcheck disable=SC2086
[ -z "$new" ] || sync $new 2>/dev/null || sync
)
# Not `) || ...`, which would turn off `set -e` inside.
# shellcheck disable=SC2181
[ $? = 0 ] || { echo "nothing was changed: cannot save the original state under $STATE" >&2; exit 1; }
