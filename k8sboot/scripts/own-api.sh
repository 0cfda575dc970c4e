# Set `own` to the URL of this master's own API server: admin.conf names the endpoint, which may be another master.
# Values: MANIFEST, of the API server.
own=$(sed -n 's/^ *- --advertise-address=//p' "$MANIFEST" | head -n 1)
port=$(sed -n 's/^ *- --secure-port=//p' "$MANIFEST" | head -n 1)
case $own in
  *:*) own="https://[$own]:${port:-6443}" ;;
  ?*) own=https://$own:${port:-6443} ;;
esac
