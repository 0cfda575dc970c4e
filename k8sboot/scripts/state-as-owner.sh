# The part of as-owner.sh that a probe needs: it is sent to every host.
set -eu
umask 077
. ./regular.sh
# state PATH MAX: as the probe prints it after the path.
state() {
  if [ -f "$1" ]; then regular "$1" "$2"
  elif [ -e "$1" ]; then echo other
  else echo absent; fi
}
