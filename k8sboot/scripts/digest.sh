# digest PATH: the SHA-256 of a file or of a link's target; else 'other' or 'absent'.
digest() {
  if [ -L "$1" ]; then h=$(readlink -- "$1" | sha256sum)
  elif [ -f "$1" ]; then h=$(sha256sum < "$1")
  elif [ -e "$1" ]; then h=other
  else h=absent; fi
  printf '%s\n' "${h%% *}"
}
