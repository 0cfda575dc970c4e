# Sections about the cluster, from its API server if that is ready. Values: see evidence.sh.
ask() { [ "$API" = ok ] || exit 0; $KUBECTL "$@"; }
api() { [ -z "$API" ] || echo "$API"; }
nodes() { ask get nodes -o wide; }
conditions() {
  ask get nodes -o jsonpath='{range .items[*]}{.metadata.name}{range .status.conditions[*]}{"|"}{.type}={.status}: {.message}{end}{"\n"}{end}'
}
pods() { ask get pods -A -o wide; }
events() {
  ask get events -A --sort-by=.lastTimestamp \
    -o custom-columns=T:.type,K:.involvedObject.kind,N:.involvedObject.name,R:.reason,M:.message |
    grep -v ^Normal | cut -c 1-1000 | tail -n 40
}
requests() { ask get csr; }
# The packet filter of this machine.
master_filter() {
  . ./packet-filter.sh
}
# Only the names and the expiry of these Secrets, never their contents.
tokens() {
  ask -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token \
    -o custom-columns=N:.metadata.name,E:.data.expiration
}
