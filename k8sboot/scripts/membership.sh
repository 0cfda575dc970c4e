# Print whose machine this is, from what a cluster leaves on it; no private key. A line for each finding, `end` last.
# Values: PARTS, paths that kubeadm makes; OTHERS, paths of other Kubernetes; TEXTS, files that name the cluster;
# UNFINISHED, the mark of a kubeadm run.
# shellcheck disable=SC2086,SC3013
if [ -e "$UNFINISHED" ]; then echo unfinished; fi
for f in $PARTS; do
  if [ -e "$f" ]; then
    if [ "$UNFINISHED" -nt "$f" ]; then echo "older $f"; else echo "there $f"; fi
  fi
done
for f in $OTHERS; do
  [ ! -e "$f" ] || [ -z "$(ls -A "$f")" ] || echo "other $f"
done
set --
for f in $TEXTS; do [ ! -f "$f" ] || set -- "$@" "$f"; done
[ $# = 0 ] || awk '
  function say(text) { if (++said < 600) print "text " FILENAME " " text }
  FNR == 1 { pem = 0 }
  length($0) > 20000 { next }
  /^-----BEGIN CERTIFICATE-----/ { pem = 1 }
  pem { say($0) }
  /^-----/ && !/^-----BEGIN CERTIFICATE-----/ { pem = 0 }
  /^[ -]*(server|certificate-authority-data|client-certificate-data|cluster|clusterDomain|absent): ./ { say($0) }
  /^[ -]*name: system:node:/ { say($0) }
  /^ *- --(cluster-cidr|cluster-name|service-cluster-ip-range)=/ { say($0) }
  match($0, /--node-ip=[^ ]*/) { say(substr($0, RSTART, RLENGTH)) }
' "$@"
echo end
