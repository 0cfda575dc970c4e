# Try TCP connections from this host and print `ADDRESS/PORT STATUS WORDS` for each, WORDS as the C library says it.
# Values: TARGETS, ADDRESS/PORT each; WAIT, seconds that one may take; AT_ONCE, how many are tried at a time.
LC_ALL=C; export LC_ALL
try() {
  said=$(timeout "$WAIT" bash -c 'exec 3<>"/dev/tcp/$0/$1"' "${1%/*}" "${1##*/}" 2>&1); s=$?
  echo "$1 $s ${said##*: }"
}
n=0
for t in $TARGETS; do
  try "$t" &
  n=$((n + 1))
  [ $((n % AT_ONCE)) -ne 0 ] || wait
done
wait
