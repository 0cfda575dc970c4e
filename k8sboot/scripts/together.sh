# Run commands that only read, some of them side by side: for each that succeeds, a line `answer NUMBER .BASE64`.
# Value: LIMIT, seconds for each. In place of the line below: calls of `one`, in subshells.
# one NUMBER WORDS: one command. Where it takes too long, those after it in its subshell do not run (busybox's timeout
# exits with 143).
one() {
  n=$1
  shift
  { out=$(timeout -k 5 "$LIMIT" "$@" </dev/null); } 2>/dev/null
  case $? in
    0) printf 'answer %s .%s\n' "$n" "$(printf %s "$out" | base64 | tr -d '\n')" ;;
    124 | 137 | 143) exit 0 ;;
  esac
}
inner
true
