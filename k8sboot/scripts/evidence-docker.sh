# Sections about Docker and its containers, skipped if it hangs. Values: see evidence.sh.
# shellcheck disable=SC2086
runtime_state() {
  if command -v docker >/dev/null && systemctl -q is-active docker.service; then
    timeout 8 docker info >/dev/null 2>&1
    [ $? -ne 124 ] || echo silent
  fi
}
answers() { [ "$RUNTIME" != silent ]; }
daemon_json() { cat /etc/docker/daemon.json; }
docker_info() {
  answers || { echo 'docker info has no answer'; return; }
  docker info 2>&1 |
    grep -iE 'server version|driver|cgroup|root dir|error|insecure|mirror|^  *(http|[0-9])' | head -n 40
}
containers() {
  answers || return 0
  if command -v docker >/dev/null; then
    docker ps -a --format '{{.Names}}|{{.Image}}|{{.Status}}' | head -n 80
  elif command -v crictl >/dev/null; then crictl ps -a | head -n 80; fi
}
log_of() {
  answers && command -v docker >/dev/null || return 0
  id=$(docker ps -aq --filter name=k8s_$1_ | head -n 1)
  [ -z "$id" ] || docker logs --tail 40 "$id" 2>&1 | cut -c 1-1000
}
images() { answers || return 0; docker image ls --format '{{.Repository}}:{{.Tag}}' | head -n 60; }
