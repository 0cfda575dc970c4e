# Print `UNIT FILE` for each file that was changed after the running unit was started or reloaded: it runs without that.
# If the clock was stepped since, its time of today shows another start than systemd noted: the later one counts.
now=$(date +%s) up=$(cut -d. -f1 /proc/uptime)
# since NAME: when the unit of the state was last so, in seconds since the epoch.
since() {
  noted=$(printf '%s\n' "$state" | sed -n "s/^$1Timestamp=//p")
  noted=$(date -d "${noted:-unknown}" +%s 2>/dev/null) || return
  today=$(printf '%s\n' "$state" | sed -n "s/^$1TimestampMonotonic=\([0-9]*\)......\$/\1/p")
  today=$((now - up + ${today:-0}))
  [ "$today" -gt "$noted" ] || today=$noted
  echo "$today"
}
# unread UNIT FILE...: of these, of a TOML file's imports, and of the operator's files of the unit itself.
unread() {
  unit=$1 state=$(TZ=UTC0 systemctl show -p ActiveState -p StateChangeTimestamp -p StateChangeTimestampMonotonic \
    -p ActiveEnterTimestamp -p ActiveEnterTimestampMonotonic "$1")
  shift
  case $state in *ActiveState=active*) ;; *) return ;; esac
  began=$(since StateChange || since ActiveEnter) || return
  case $1 in *.toml)
    # shellcheck disable=SC2086
    for f in $(sed -n 's/^imports *= *\[\(.*\)].*/\1/p' "$1" 2>/dev/null | tr "\"'," '   '); do
      case $f in /*) ;; *) f=${1%/*}/$f ;; esac
      set -- "$@" $f
    done ;;
  esac
  for d in /etc/systemd/system /run/systemd/system; do set -- "$@" "$d/$unit" "$d/$unit.d"/*.conf; done
  stat -Lc '%Y %n' -- "$@" 2>/dev/null | awk -v unit="$unit" -v began="$began" -v now="$now" '
    $1 > began && $1 <= now { sub(/^[0-9]+ /, unit " "); print }'
}
