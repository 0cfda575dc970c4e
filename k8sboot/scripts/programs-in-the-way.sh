# Print `unit FILE PROGRAM` for a unit that replaces the package's, with the program that it starts, and `program FILE` for a
# kubeadm that is found before the package's. A link to the package's own is none. UNITS: the units.
for u in $UNITS; do
  for d in /etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system; do
    f=$d/$u
    [ ! -f "$f" ] || echo "unit $f $(sed -n 's/^ExecStart=[-@:+!]*\([^ ][^ ]*\).*/\1/p' "$f" | head -n 1)"
  done
done
for f in /usr/local/sbin/kubeadm /usr/local/bin/kubeadm; do
  [ ! -x "$f" ] || case $(readlink -f "$f" 2>/dev/null) in /usr/bin/* | '') ;; *) echo "program $f" ;; esac
done
