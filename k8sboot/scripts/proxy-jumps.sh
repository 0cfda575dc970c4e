# The programs for packet filters that this host has and whose tables are in use: reading another's would load it.
variants() {
  for v in iptables ip6tables iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do
    command -v $v >/dev/null || continue
    # shellcheck disable=SC3013
    case $v in *-*) [ "/usr/sbin/${v%-*}" -ef "/usr/sbin/$v" ] && continue ;; esac
    case $v in *-legacy) grep -qsx filter "/proc/net/${v%tables-legacy}_tables_names" || continue ;; esac
    echo $v
  done
}
# The rules of program $1 that jump to one of CHAINS.
jumps() { rules $1 2>/dev/null | grep -E -e " -j ($CHAINS)\$"; }
rules() { for c in INPUT FORWARD OUTPUT; do $1 -S $c; done; }
