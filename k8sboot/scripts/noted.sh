# Print the saved states of this host and the present ones; see host/originals.py.
# Values: STATE; AS_OWNER, see folders.sh.
cd "$STATE" 2>/dev/null || exit 0
b() { base64 | tr -d '\n'; }
text() { [ ! -f "$1" ] || b < "$1"; }
. ./folders.sh
. ./digest.sh
. ./state.sh
now() {
  case $1 in
    module) [ ! -d "/sys/module/$(printf %s "$2" | tr - _)" ] || echo loaded ;;
    package) if command -v dpkg-query >/dev/null; then dpkg-query -W -f '${db:Status-Status}\n' "$2" | grep -x installed
      else rpm -q "$2" >/dev/null && echo installed; fi ;;
    hold) if command -v dpkg-query >/dev/null; then dpkg-query -W -f '${db:Status-Want}\n' "$2" | grep -x hold
      else cat /etc/yum/pluginconf.d/versionlock.list /etc/dnf/plugins/versionlock.list 2>/dev/null |
        grep -E "(^|:)$2-[^-]+-[^-]+\$"; fi ;;
    *) state "$@" ;;
  esac
}
[ ! -d former/complete ] || echo complete
for f in former/*/*; do
  case $f in *.ours | *.k8sboot-new) continue ;; esac
  [ -s "$f" ] || continue
  k=${f#former/}; n=$(printf %s "${k#*/}" | tr % /); k=${k%%/*}
  printf 'state %s %s .%s .%s .%s\n' "$k" "$n" "$(b < "$f")" "$(text "$f.ours")" "$(now "$k" "$n" | b)"
done
find original \( -type f -o -type l \) ! -name '*.k8sboot-sha256' ! -name '*.k8sboot-ours' ! -name '*.k8sboot-copy' \
  ! -name '*.k8sboot-part' ! -name '*.k8sboot-readers' ! -name '*.k8sboot-new' | sort | while IFS= read -r f; do
  p=${f#original}; p=${p%.k8sboot-absent}; k=original$p; whole=yes; made=
  case $f in
    *.k8sboot-absent) was=absent; made=$(cat "$f"); [ -d "$made" ] || made= ;;
    *) was=$(cat "$k.k8sboot-sha256"); [ -n "$was" ] || was=$(digest "$f")
      [ "$(digest "$f")" = "$was" ] || whole=no ;;
  esac
  way "$p"
  case $who in
    root) is=$(digest "$p") ;;
    '?') is=other ;;
    *) is=$(as_owner digest "$p" 2>/dev/null </dev/null | one_line 64 | tr -cd '[:alnum:]') ;;
  esac
  printf 'file .%s %s %s %s .%s .%s .%s .%s\n' "$(printf %s "$p" | b)" "$was" "$whole" "${is:-other}" \
    "$(text "$k.k8sboot-ours")" "$(text "$k.k8sboot-readers")" "$(printf %s "$made" | b)" "$(printf %s "$who" | b)"
done
