# Sections about containerd and its containers, skipped if it hangs. Values: see evidence.sh.
# shellcheck disable=SC2086
CRICTL='crictl --timeout 6s --runtime-endpoint unix:///run/containerd/containerd.sock --image-endpoint unix:///run/containerd/containerd.sock'
runtime_state() {
  if command -v ctr >/dev/null && systemctl -q is-active containerd.service; then
    timeout 8 ctr plugins ls >/dev/null 2>&1
    [ $? -ne 124 ] || echo silent
  fi
}
answers() { [ "$RUNTIME" != silent ]; }
config_toml() { grep -viE 'auth|password|token' /etc/containerd/config.toml; }
containerd_plugins() {
  answers || { echo 'containerd has no answer'; return; }
  containerd --version
  ctr plugins ls | grep -E '^TYPE|cri|snapshotter|runtime' | head -n 40
}
crictl_info() {
  answers || return 0
  $CRICTL info 2>&1 | grep -iE 'SystemdCgroup|sandbox|snapshotter|reason|message|"status": *(true|false)|rpc error|binDir|fatal' |
    head -n 40
}
containers() { answers || return 0; $CRICTL ps -a | head -n 80; }
log_of() {
  answers || return 0
  id=$($CRICTL ps -aq --name "^$1\$" | head -n 1)
  [ -z "$id" ] || $CRICTL logs --tail 40 "$id" 2>&1 | cut -c 1-1000
}
images() { answers || return 0; $CRICTL images | awk 'NR > 1 {print $1 ":" $2}' | head -n 60; }
