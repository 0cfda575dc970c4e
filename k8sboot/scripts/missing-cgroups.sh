# The cgroup controllers that kubelet requires and this kernel lacks, one per line: of v2 if its file exists, else
# of v1.
# shellcheck disable=SC2086
have=
need='cpu memory'
v2=/sys/fs/cgroup/cgroup.controllers
if [ -f $v2 ]; then read -r have <$v2
else
  need="$need cpuset"
  while read -r name _ _ on; do [ "$on" != 1 ] || have="$have $name"; done </proc/cgroups
fi
for name in $need; do case " $have " in *" $name "*) ;; *) echo $name ;; esac; done
