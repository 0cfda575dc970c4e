# Run the script in place of `inner`, unless it was cancelled; see host/once.py. Earlier ones of this host have been
# reported by now, and their directories are removed. Without space for a directory it runs without one.
# Values: ALL, the directory of all of them; THIS, the directory of this one; CANCELLED, an exit status.
(umask 077; mkdir -p "$ALL")
for old in "$ALL"/*; do [ ! -e "$old/rc" ] || rm -rf -- "$old"; done
out=$THIS/out err=$THIS/err
(umask 077; mkdir "$THIS" && : > "$out" && : > "$err") 2>/dev/null || {
  [ ! -d "$THIS" ] || exit "$CANCELLED"; out=/dev/stdout err=/dev/stderr; }
(
inner
) >> "$out" 2>> "$err"
s=$?; [ "$out" = /dev/stdout ] || { echo $s > "$THIS/rc.new"; mv "$THIS/rc.new" "$THIS/rc"; cat "$out"; cat "$err" >&2; }
exit $s
