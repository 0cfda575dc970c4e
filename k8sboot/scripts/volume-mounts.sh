# Print what is mounted below the directories that a reset empties, and under each mount a line ` PID NAME` for every
# process that uses it, but for kubelet and the pods, which are stopped first.
. ./mounts.sh
m=$(mounts) || exit
[ "$m" ] || exit 0
used=$(find /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/exe /proc/[0-9]*/fd \
  -maxdepth 1 -type l -printf '%p %l\n' 2>/dev/null)
printf '%s\n' "$m" | while read -r type source path; do
  printf '%s %s %s\n' "$type" "$source" "$path"
  printf '%s\n' "$used" | AT=$(plain "$path") awk '{
    to = substr($0, length($1) + 2)
    if (to == ENVIRON["AT"] || index(to, ENVIRON["AT"] "/") == 1) { split($1, word, "/"); print word[3] }
  }' | sort -un | while read -r pid; do
    grep -Eqs 'kubepods|/kubelet\.service' "/proc/$pid/cgroup" || printf ' %s %s\n' "$pid" "$(cat "/proc/$pid/comm")"
  done
done
