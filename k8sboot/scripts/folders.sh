# Whose folders a path leads through. Root follows no link and opens no file that another user may have put in its way:
# what lies in another user's folder is read and written as that user. Value: AS_OWNER, the text of as-owner.sh.
safe='|'
# way PATH: set `who` to root if all folders on the way are root's alone, links followed; else to the owner of the first
# that is not, or to `?` where others may write in root's. `through`: that folder. Nothing that is checked can change.
way() {
  who=root through='' at='' left=$1 hops=40
  case $1 in /proc/* | /sys/*) return 0 ;; esac
  while is_closed "${at:-/}"; do
    left=${left#"${left%%[!/]*}"}
    part=${left%%/*}
    [ -n "$part" ] || return 0
    left=${left#"$part"}
    case $part in
      .) continue ;;
      ..) at=${at%/*}; continue ;;
    esac
    if [ -n "$sticky" ] && { [ -L "$at/$part" ] || [ ! -d "$at/$part" ]; }; then open "$at" '?'; return; fi
    if [ -L "$at/$part" ]; then
      hops=$((hops - 1)); [ "$hops" -gt 0 ] || { open "$at" '?'; return; }
      to=$(readlink -- "$at/$part")
      case $to in /*) at= ;; esac
      left=$to$left
    elif [ -d "$at/$part" ]; then at=$at/$part
    else return 0; fi
  done
}
# is_closed FOLDER: root's, or one's own, and no one else may write in it. `sticky`: set where others may only add.
is_closed() {
  sticky=
  case $safe in *"|$1|"*) return 0 ;; esac
  s=$(stat -c '%u %A %U' -- "$1" 2>/dev/null) || s='? ? UNKNOWN'
  uid=${s%% *} s=${s#* }
  case $uid in
    0) ;;
    *) [ -O "$1" ] || { open "$1" "${s#* }"; return 1; } ;;
  esac
  case ${s%% *} in
    ?????w???[tT] | ????????w[tT]) sticky=yes; return 0 ;;
    ????????w?) open "$1" '?'; return 1 ;;
    ?????w????) [ -G "$1" ] && case $(ls -ld -- "$1") in ??????????+*) false ;; esac || { open "$1" '?'; return 1; } ;;
  esac
  safe="$safe$1|"
}
# shellcheck disable=SC2034 # `through` is for the caller
open() { through=$1 who=$2; [ "$who" != UNKNOWN ] || who='?'; }
# as_owner WHAT PATH...: do it as `who`, for 20 seconds at most; see as-owner.sh. All that it prints is that user's
# word, and comes through a pipe: with a file of root's as its output, the user could write there.
as_owner() { (cd / && exec timeout -k 2 20 runuser -u "$who" -- /bin/sh -c "$AS_OWNER" as-owner "$@"); }
# one_line LENGTH: of what it prints, one line without control characters.
one_line() { head -c "$1" | tr '\n' ' ' | tr -d '\000-\037\177'; }
