# Gather evidence after a failure; changes nothing. A call of `section` for each section follows.
# Values: CODE, the functions of the sections; ADMIN_CONF; KUBECTL, a command; UNITS, empty for the cluster alone.
# For a host also: ENDPOINT, PORT, REGISTRIES, SINCE, DATA_DIR, JOBS.
# shellcheck disable=SC2086
export LC_ALL=C KUBECTL ENDPOINT PORT REGISTRIES SINCE UNITS DATA_DIR JOBS API RUNTIME
begin=$(date +%s)
# section NAME CALL: print the output of a call, limited in time and size, as a line `section NAME .BASE64`.
section() {
  printf 'section %s .' "$1"
  if [ $(($(date +%s) - begin)) -lt 60 ]; then timeout -k 1 8 /bin/sh -c "$CODE$2" 2>&1 </dev/null
  else echo 'left out: the time was up'; fi | tail -c 16000 | base64 | tr -d '\n'
  echo
}
API=
[ ! -f "$ADMIN_CONF" ] || API=$(timeout 8 $KUBECTL get --raw /readyz 2>&1 | tail -c 300)
# If the runtime hangs, the sections about it are skipped: each would time out, and one minute is all there is.
RUNTIME=
[ -z "$UNITS" ] || RUNTIME=$(/bin/sh -c "${CODE}runtime_state")
