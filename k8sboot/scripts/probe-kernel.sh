# modules NAME UNDERSCORED...: the state of kernel modules.
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
# built_in MODULE: the kernel's list is read once, and not where all modules have a directory.
built_in() {
  [ "${builtin-}" ] || builtin="- $(cat "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null)"
  case $builtin in *"/$1.ko"*) ;; *) false ;; esac
}
modules() {
  say modules
  while [ $# -gt 0 ]; do
    if [ -d "/sys/module/$2" ] || trace "$2" || built_in "$2" || grep -q "^$2 " /proc/modules 2>/dev/null; then s=loaded
    elif modprobe -n "$1" >/dev/null 2>&1; then s=available
    elif [ ! -e /proc/modules ]; then s=unloadable
    else s=missing; fi
    printf '%s %s\n' "$1" "$s"
    shift 2
  done
}
