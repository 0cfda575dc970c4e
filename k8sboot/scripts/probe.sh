# Read everything about a host; write nothing. Calls of its functions follow, one for each item to read.
# Values: MAX, bytes; SHOWN, properties of units; JOBS, RESTARTS, WORK, LOCK; SOFTWARE, a pattern
# for the start of names of interfaces that are not hardware; AS_OWNER, see folders.sh, of which `state` is enough.
. ./folders.sh
. ./regular.sh
fact() { printf 'fact %s %s\n' "$1" "$(printf %s "$2" | base64 | tr -d '\n')"; }
fact hostname "$(uname -n)"
fact kernel "$(uname -r)"
fact arch "$(uname -m)"
fact cpus "$(grep -c '^processor' /proc/cpuinfo)"
fact memory_kib "$(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)"
fact time "$(date +%s)"
fact addresses "$(ip -o addr show scope global 2>/dev/null | awk '{print $2, $4}')"
fact macs "$(ip -o link 2>/dev/null | grep -vE "^[0-9]+: ($SOFTWARE)" \
  | sed -n 's/.*link\/ether \([0-9a-f:]*\).*/\1/p' | sort -u)"
fact product_uuid "$(cat /sys/class/dmi/id/product_uuid 2>/dev/null)"
fact init "$(cat /proc/1/comm 2>/dev/null)"
fact selinux "$(getenforce 2>/dev/null)"
fact timezone "$(readlink -f /etc/localtime 2>/dev/null)"
fact listening "$( (ss -Hltnp || netstat -ltnp) 2>/dev/null)"
fact disk_free_kib "$(df -Pk /var 2>/dev/null | awk 'NR==2{print $4}')"
fact restarts "$(ls "$RESTARTS" 2>/dev/null)"
jobs=$(for d in "$JOBS"/*/; do cd "$d" 2>/dev/null && [ -f pid ] && [ ! -f rc ] && {
  . ./alive.sh
  } && basename "$d"; done)
if [ -z "$jobs" ] && [ -e "$WORK" ] && command -v flock >/dev/null; then flock -n -x "$WORK" true || jobs=short-change; fi
fact jobs "$jobs"
fact lock "$(cut -d. -f1 /proc/uptime; cat "$LOCK" 2>/dev/null)"
file() {
  way "$1"
  if [ "$who" != root ]; then of_owner "$1"
  elif [ -f "$1" ]; then found=$(regular "$1" "$MAX") && printf 'file %s %s\n' "$1" "$found"
  elif [ -e "$1" ]; then printf 'other %s\n' "$1"
  else printf 'absent %s\n' "$1"; fi
}
# of_owner PATH: the same of a file in another user's folder. What that user may not read, or is large, is not shown.
of_owner() {
  found=
  [ "$who" = '?' ] || found=$(as_owner state "$1" "$MAX" 2>/dev/null </dev/null | one_line $((2 * MAX)))
  case $found in
    'absent ' | 'other ') printf '%s%s\n' "$found" "$1" ;;
    *' .-'* | '') printf 'closed %s .%s\n' "$1" "$(printf '%s %s' "$who" "$through" | base64 | tr -d '\n')" ;;
    *) printf 'file %s %s\n' "$1" "${found% }" ;;
  esac
}
# packages NAMES: as dpkg or rpm knows them, whichever is there: 'package NAME VERSION held|free'.
packages() {
  if command -v dpkg-query >/dev/null; then
    dpkg-query -W -f '${db:Status-Abbrev}|${Package}|${Version}\n' "$@" 2>/dev/null | awk -F'|' '
      substr($1,2,1)=="i" {print "package", $2, $3, (substr($1,1,1)=="h" ? "held" : "free")}'
  elif command -v rpm >/dev/null; then
    timeout 20 rpm -q --qf '%{NAME}|%{EPOCHNUM}:%{VERSION}-%{RELEASE}\n' "$@" 2>/dev/null |
      awk -F'|' 'NF==2 {print "package", $1, $2, "free"}'
  fi
}
units() { systemctl show --no-pager -p "$SHOWN" "$@" | sed 's/^/unit /'; }
question() { out=$( (eval "$2") 2>/dev/null </dev/null); printf 'answer %s %s .%s\n' "$1" "$?" \
  "$(printf %s "$out" | base64 | tr -d '\n')"; }
