# mounts: what is mounted below the directories that a reset empties, the deepest first, a line `TYPE SOURCE PATH`
# each in the escapes of mountinfo(5). Not kubelet's own memory and not etcd's member: those are the reset's to remove.
# Fails if that cannot be read. Value: EMPTIED, the directories.
mounts() {
  d=$(sed -n 's/.*--data-dir=//p' /etc/kubernetes/manifests/etcd.yaml 2>/dev/null)
  # shellcheck disable=SC2086
  d=$(realpath -m -- $EMPTIED $d) || return
  d=$(printf '%s\n' "$d" | awk '
    NR == FNR { gsub(/ /, "\\040"); emptied[$0 "/"]; next }
    {
      for (e in emptied) if (index($5, e) == 1) break; else e = ""
      if (!e) next
      for (i = 7; i < NF && $i != "-"; i++);
      rest = substr($5, length(e) + 1)
      if (rest ~ /^member(\/|$)/) next
      if ($(i+1) == "tmpfs" && rest ~ /^pods\/[^\/]+\/volumes\/kubernetes\.io~(secret|projected|empty-dir)\/[^\/]+$/) next
      print $(i+1), $(i+2) ($4 == "/" ? "" : "[" $4 "]"), $5
    }' - /proc/self/mountinfo) || return
  [ -z "$d" ] || printf '%s\n' "$d" | LC_ALL=C sort -r -k 3
}
# plain PATH: without mountinfo's escapes, which are octal.
plain() { printf '%b' "$(printf %s "$1" | sed 's/\\/\\0/g')"; }
