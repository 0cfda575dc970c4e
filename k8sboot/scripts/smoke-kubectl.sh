# Run kubectl for a Pod of every node, and print the nodes where it fails or prints nothing, with the last line of its
# error. Argument: lines "NODE POD". Values: KUBECONFIG, CACHE, NAMESPACE; BEFORE and BEHIND, the words before and behind
# the Pod; AT_ONCE, the number of questions at a time.
export KUBECONFIG CACHE NAMESPACE BEFORE BEHIND
# shellcheck disable=SC2016
printf '%s\n' "$1" | xargs -r -P "$AT_ONCE" -L 1 sh -c '
  said=$(timeout 20 kubectl --cache-dir "$CACHE" --namespace "$NAMESPACE" $BEFORE "$1" $BEHIND 2>&1)
  status=$?
  [ "$status" = 0 ] && [ -n "$said" ] ||
    printf "%s: %s\n" "$0" "$(printf "%s" "${said:-it printed nothing (status $status)}" | tail -n 1)"'
true
