# The cgroup driver of the runtime runc in the running containerd. Values: TIMEOUT, seconds; UNIT; ENDPOINT.
# crictl asks the daemon itself; without it there is the configuration that the daemon reads.
systemctl -q is-active "$UNIT" || exit 1
# ctr by itself takes no answer within 10 seconds for an error like any other.
plugins=$(timeout "$TIMEOUT" ctr --connect-timeout 60s plugins ls 2>/dev/null)
[ $? -ne 124 ] || exit 124
printf '%s\n' "$plugins" |
  awk '$1 == "io.containerd.grpc.v1" && $2 == "cri" && $NF == "ok" {found = 1} END {exit !found}' || exit 1
driver() { awk "$1"' {on = 1} on && /SystemdCgroup"? *[:=]/ {print /true/ ? "systemd" : "cgroupfs"; exit}'; }
said=
if command -v crictl >/dev/null; then
  said=$(timeout "$TIMEOUT" crictl --timeout 10s --runtime-endpoint "$ENDPOINT" info 2>/dev/null |
    driver '/"runc": *[{]/')
fi
[ -n "$said" ] || said=$(timeout "$TIMEOUT" containerd config dump 2>/dev/null | driver '/runtimes[.]runc[.]options[]]/')
echo "$said"
