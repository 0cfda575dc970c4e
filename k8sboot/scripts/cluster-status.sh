# Ask the cluster for its state through this master's own API server: for each part a line `part NAME STATUS .BASE64`.
# Values: KUBECTL, a command; MANIFEST, of the API server; KINDS and TEMPLATE, of what is read; MASTER, this Node's name;
# ETCDCTL, what lists etcd's members.
# shellcheck disable=SC2086
. ./own-api.sh
# part NAME WORDS: what kubectl says.
part() {
  name=$1
  shift
  out=$(timeout 10 $KUBECTL ${own:+--server "$own"} --request-timeout=8s "$@" 2>&1 </dev/null)
  printf 'part %s %s .%s\n' "$name" $? "$(printf %s "$out" | base64 | tr -d '\n')"
}
# Side by side: what the first says waits in the pipe.
part members exec --namespace kube-system "etcd-$MASTER" -- $ETCDCTL | {
  part overview get "$KINDS" --namespace kube-system --output "$TEMPLATE"
  cat
}
echo "now $(date +%s)"
