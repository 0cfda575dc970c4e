# Print `UNIT FILE` for each file that was changed after the running unit was started or reloaded: it runs without that.
# If the clock was stepped since, its time of today shows another start than systemd noted: the later one counts.
[ "${now-}" ] || now=$(date +%s)
read -r up _ < /proc/uptime
# since NAME: set `began` to when the unit of the state was last so, in seconds since the epoch.
since() {
  noted=unknown today=0
  for line in $state; do
    case $line in
      "$1Timestamp="?*) noted=${line#*=} ;;
      "$1TimestampMonotonic="*[!0-9]*) ;;
      "$1TimestampMonotonic="?*??????) today=${line#*=} today=${today%??????} ;;
    esac
  done
  began=$(date -d "$noted" +%s 2>/dev/null) || return
  today=$((now - ${up%%.*} + today))
  [ "$today" -le "$began" ] || began=$today
}
# unread UNIT FILE...: of these, of a TOML file's imports, and of the operator's files of the unit itself.
unread() {
  unit=$1 state=$(TZ=UTC0 systemctl show -p ActiveState -p StateChangeTimestamp -p StateChangeTimestampMonotonic \
    -p ActiveEnterTimestamp -p ActiveEnterTimestampMonotonic "$1")
  shift
  case $state in *ActiveState=active*) ;; *) return ;; esac
  IFS='
'
  since StateChange || since ActiveEnter || { unset IFS; return 1; }
  IFS="\"',	 $IFS"
  case $1 in *.toml)
    # shellcheck disable=SC2086
    for f in $(sed -n 's/^imports *= *\[\(.*\)].*/\1/p' "$1" 2>/dev/null); do
      case $f in /*) ;; '') continue ;; *) f=${1%/*}/$f ;; esac
      set -- "$@" $f
    done ;;
  esac
  unset IFS
  for d in /etc/systemd/system /run/systemd/system; do set -- "$@" "$d/$unit" "$d/$unit.d"/*.conf; done
  stat -Lc '%Y %n' -- "$@" 2>/dev/null | awk -v unit="$unit" -v began="$began" -v now="$now" '
    $1 > began && $1 <= now { sub(/^[0-9]+ /, unit " "); print }'
}
