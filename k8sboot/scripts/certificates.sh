# Print the beginning of each certificate of Kubernetes on the host: a line `== FILE`, then lines of base64; of a
# kubeconfig a line `data BASE64`, the beginning of a PEM. Private keys are not read.
# Values: FILES.
set --
for f in $FILES; do [ ! -f "$f" ] || set -- "$@" "$f"; done
[ $# = 0 ] || awk '
FNR == 1 { print "== " FILENAME; left = 9 }
/^-----END/ { left = 0 }
left > 0 && left < 9 { print; left-- }
/^-----BEGIN CERTIFICATE-----/ && left == 9 { left = 8 }
/client-certificate-data:/ { print "data " substr($2, 1, 700) }
' "$@"
