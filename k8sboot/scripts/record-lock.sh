# record_lock FILE: if a process holds a POSIX record lock on the file, print its name and process id, and exit.
# /proc/locks lists such a lock with the file's inode and the holder's process id.
record_lock() {
  i=$(stat -Lc %i "$1" 2>/dev/null) || return 0
  p=$(awk -v i=":$i" '$4=="WRITE" && substr($6, length($6)-length(i)+1)==i {print $5; exit}' /proc/locks)
  [ -z "$p" ] || [ ! -d "/proc/$p" ] || { echo "$(cat "/proc/$p/comm"), pid $p"; exit; }
}
