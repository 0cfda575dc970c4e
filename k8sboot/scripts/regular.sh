# regular PATH MAX: print a regular file's mode, owner, size, digest and content, `-` if larger than MAX bytes.
regular() {
  s=$(stat -Lc '%a %U:%G %s' -- "$1") || return
  case $s in *UNKNOWN*) s=$(stat -Lc '%a %u:%g %s' -- "$1") ;; esac
  c=-; [ "${s##* }" -gt "$2" ] || c=$(base64 < "$1" | tr -d '\n')
  h=$(sha256sum < "$1") && printf '%s %s .%s\n' "$s" "${h%% *}" "$c"
}
