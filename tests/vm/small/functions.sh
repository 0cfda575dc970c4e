# What a web server at $1:$2 says of $3, with its headers; '' where nothing is reached.
get() { timeout 5 bash -c 'exec 3<>/dev/tcp/$0/$1 && printf "GET $2 HTTP/1.0\r\n\r\n" >&3 && cat <&3' "$@" 2>/dev/null; }
# kube-proxy in mode $1 instead of the one that runs.
proxy() {
  [ -z "$proxy" ] || { kill "$proxy"; wait "$proxy"; } 2>/dev/null
  kube-proxy --config "/etc/kube-proxy-$1.yaml" >/tmp/kube-proxy.log 2>&1 &
  proxy=$!
  for i in $(seq 1 300); do [ "$(get 127.0.0.1 10249 /proxyMode | tail -n 1)" != "$1" ] || return 0; sleep 1; done
  tail -n 20 /tmp/kube-proxy.log
  return 1
}
