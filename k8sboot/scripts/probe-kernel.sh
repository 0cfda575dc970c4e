# Functions of the probe for modules and sysctls.
# A built-in module without parameters has no /sys/module directory: look for its own traces.
trace() {
  case $1 in
    br_netfilter) [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] ;;
    overlay) grep -qw overlay /proc/filesystems ;;
    ip_vs) [ -e /proc/net/ip_vs ] ;;
    ip_tables) [ -e /proc/net/ip_tables_names ] ;;
    nf_conntrack) [ -e /proc/sys/net/netfilter/nf_conntrack_max ] ;;
    *) false ;;
  esac
}
module() {
  m=$(printf %s "$1" | tr - _)
  if [ -d "/sys/module/$m" ] || grep -q "^$m " /proc/modules 2>/dev/null || trace "$m"; then s=loaded
  elif grep -q "/$m\.ko" "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null; then s=loaded
  elif modprobe -n "$1" >/dev/null 2>&1; then s=available
  elif [ ! -e /proc/modules ]; then s=unloadable
  else s=missing; fi
  printf 'module %s %s\n' "$1" "$s"
}
sysctl_() {
  p=/proc/sys/$(printf %s "$1" | tr . /)
  [ -r "$p" ] || return 0
  case $(stat -c %A "$p") in ??w*) w=rw ;; *) w=ro ;; esac
  printf 'sysctl %s %s %s\n' "$1" "$w" "$(tr -s '\t\n' '  ' < "$p")"
}
