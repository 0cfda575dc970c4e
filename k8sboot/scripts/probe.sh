# Read everything about a host; write nothing. Calls of its functions follow.
# Values: T, a word that cannot be guessed: what follows a line that begins with it is one answer, whatever is in it;
# MAX, bytes; SHOWN, properties of units; JOBS, RESTARTS, WORK, LOCK; SOFTWARE, a pattern
# for the start of names of interfaces that are not hardware; AS_OWNER, see folders.sh, of which `state` is enough.
. ./folders.sh
exec 2>/dev/null
say() { printf '\n%s %s\n' "$T" "$*"; }
fact() { say fact "$1"; printf %s "$2"; }
# What a question's script exits with, and the call of one that shares a shell.
end() { say status $?; }
shared() { cd /; say answer "$1"; ask; end; }
nl='
'
printf %s "$T"
say uname; uname -nrm
say hardware; grep -hE '^(processor|MemTotal)' /proc/cpuinfo /proc/meminfo
say fact time; date +%s
say fact addresses; ip -o addr show scope global | awk '{print $2, $4}'
say links; ip -o link | grep -vE "^[0-9]+: ($SOFTWARE)"
v=; read -r v < /sys/class/dmi/id/product_uuid; fact product_uuid "$v"
v=; read -r v < /proc/1/comm; fact init "$v"
if command -v getenforce >/dev/null; then say fact selinux; getenforce; fi
say fact timezone; readlink -f /etc/localtime
say fact listening; ss -Hltnp || netstat -ltnp
say disk; df -Pk /var
say fact restarts; for f in "$RESTARTS"/*; do [ ! -e "$f" ] || echo "${f##*/}"; done
jobs=
for d in "$JOBS"/*/; do
  [ ! -f "$d/pid" ] || [ -f "$d/rc" ] || ! (cd "$d" && {
    . ./alive.sh
  }) || { d=${d%/} jobs="$jobs ${d##*/}"; }
done
if [ -z "$jobs" ] && [ -e "$WORK" ] && command -v flock >/dev/null; then
  flock -n -x 9 9< "$WORK" || jobs=short-change
fi
fact jobs "$jobs"
v=; read -r v _ < /proc/uptime
say fact lock; echo "${v%%.*}"; [ ! -e "$LOCK" ] || cat "$LOCK"
# folders PATH...: look at all folders on the way at once, so that `way` need not look at each one.
folders() {
  seen='|'
  for f; do
    while f=${f%/*} && [ "$f" ]; do
      case $seen in *"|$f|"*) break ;; esac
      seen="$seen$f|"
    done
  done
  set -f; IFS='|'
  set -- / /usr /usr/lib $seen
  IFS=$nl
  for l in $(stat -c '%u %A %n' -- "$@"); do
    case $l in 0\ d????-??-?\ *) l=${l#* } safe="$safe${l#* }|" ;; esac
  done
  set +f; unset IFS
}
# files PATH...: what each one is. Of all of them together: the states, the digests, and the contents up to MAX.
files() {
  [ $# = 1 ] || folders "$@"
  say files
  for f; do
    shift
    way "$f"
    if [ "$who" != root ]; then of_owner "$f"
    elif [ -f "$f" ]; then set -- "$@" "$f"
    elif [ -e "$f" ]; then printf 'other %s\n' "$f"
    else printf 'absent %s\n' "$f"; fi
  done
  [ $# -gt 0 ] || return 0
  states "$@"
  say digests; sha256sum -- "$@"
  IFS=$nl; set -f; set --
  for l in $states; do [ "${l%% *}" -gt "$MAX" ] || set -- "$@" "/${l#*' /'}"; done
  set +f; unset IFS
  say contents; [ $# = 0 ] || cat -- "$@"
}
states() { say states; states=$(stat -Lc '%s %a %u:%g %U:%G %n' -- "$@"); printf '%s\n' "$states"; }
# values PATH...: the kernel's files, which have no size. Their lines tell which one they are of.
values() {
  say files
  for f; do
    shift
    if [ -r "$f" ] && [ -f "$f" ]; then set -- "$@" "$f"; else printf 'absent %s\n' "$f"; fi
  done
  [ $# -gt 0 ] || return 0
  states "$@"
  say values; grep -H '' -- "$@"
}
# of_owner PATH: the same of a file in another user's folder. What that user may not read, or is large, is not shown.
of_owner() {
  found=
  [ "$who" = '?' ] || found=$(as_owner state "$1" "$MAX" </dev/null | one_line $((2 * MAX)))
  case $found in
    'absent ' | 'other ') printf '%s%s\n' "$found" "$1" ;;
    *' .-'* | '') printf 'closed %s .%s\n' "$1" "$(printf '%s %s' "$who" "$through" | base64 | tr -d '\n')" ;;
    *) printf 'file %s %s\n' "$1" "${found% }" ;;
  esac
}
# packages NAMES: as dpkg or rpm knows them, whichever is there.
packages() {
  if command -v dpkg-query >/dev/null; then
    say dpkg; dpkg-query -W -f '${db:Status-Abbrev}|${Package}|${Version}\n' "$@"
  elif command -v rpm >/dev/null; then
    say rpm; timeout 20 rpm -q --qf '%{NAME}|%{EPOCHNUM}:%{VERSION}-%{RELEASE}\n' "$@"
  fi
}
units() { say units; systemctl show --no-pager -p "$SHOWN" "$@"; }
