# Print the folder of containerd's data, and how many things are in it. Values: TIMEOUT, seconds; UNIT; ROOT, as
# config.toml has it or containerd by itself. A flag of the running daemon counts more, then what the file imports.
pid=$(systemctl show -p MainPID "$UNIT") && pid=${pid#MainPID=}
words() { tr '\0' '\n' </proc/"$pid"/cmdline; }
found=
[ "${pid:-0}" = 0 ] || found=$(words | sed -n -e 's/^--*root=//p' -e '/^--*root$/{n;p;}' | tail -n 1)
[ -n "$found" ] || found=$(timeout "$TIMEOUT" containerd config dump 2>/dev/null |
  sed -n "s/^root = [\"']\(.*\)[\"'] *\$/\1/p" | head -n 1)
root=${found:-$ROOT}
echo "$root"
{
  find "$root/io.containerd.content.v1.content/blobs" -type f
  find "$root/io.containerd.runtime.v2.task" -mindepth 2 -maxdepth 2 -type d
} 2>/dev/null | wc -l
