# Print every node whose kubelet does not hand out a Pod's log, with the last line of kubectl's error.
# Argument: lines "NODE POD" of kube-system. Values: KUBECONFIG, CACHE; AT_ONCE, the number of questions at a time.
export KUBECONFIG CACHE
# shellcheck disable=SC2016
printf '%s\n' "$1" | xargs -r -P "$AT_ONCE" -L 1 sh -c '
  said=$(timeout 20 kubectl --cache-dir "$CACHE" logs --namespace kube-system "$1" --all-containers \
    --tail=1 --limit-bytes=200 2>&1 >/dev/null) || printf "%s: %s\n" "$0" "$(printf %s "$said" | tail -n 1)"'
true
