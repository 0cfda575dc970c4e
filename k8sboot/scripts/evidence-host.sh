# Sections about a host with any container runtime. Values: see evidence.sh.
# shellcheck disable=SC2012,SC2016,SC2046,SC2086
when() { date -u '+%Y-%m-%dT%H:%M:%SZ'; uptime; uname -a; }
memory() { grep -E '^(Mem|Swap)(Total|Free|Available)' /proc/meminfo; }
swaps() { cat /proc/swaps; }
room() { df "$1" / /var "$DATA_DIR" /var/lib/kubelet /var/lib/etcd /run 2>/dev/null | sort -u -k6; }
disk() { room -Pk; }
inodes() { room -Pi; }
oom() {
  journalctl -k --since "$SINCE" -o cat --no-pager |
    grep -iE 'out of memory|oom-kill|killed process' | tail -n 10
}
ports() { ss -ltnp 2>/dev/null || netstat -ltnp; }
addresses() { ip -4 -o addr show | awk '{print $2, $4}' | grep -v '^cali'; ip -4 route; }
resolv() { cat /etc/resolv.conf; }
hosts() { uname -n; cat /etc/hosts; }
names() {
  getent ahostsv4 "$(uname -n)" | head -n 1 || echo "no address: $(uname -n)"
  [ -z "$ENDPOINT" ] || getent ahostsv4 "$ENDPOINT" | head -n 1 | grep . || echo "no address: $ENDPOINT"
}
selinux() { getenforce; }
firewall() { for u in firewalld ufw nftables; do echo $u $(systemctl is-active $u 2>/dev/null); done; }
modules() {
  for m in br_netfilter overlay ip_vs nf_conntrack; do
    [ -d /sys/module/$m ] && echo $m loaded || echo $m not loaded; done
  for k in net/bridge/bridge-nf-call-iptables net/ipv4/ip_forward; do
    echo $k = $(cat /proc/sys/$k 2>/dev/null || echo absent); done
}
clock() { chronyc -n tracking 2>/dev/null || timedatectl 2>/dev/null; }
kubelet_unit() {
  systemctl show kubelet -p LoadState -p ActiveState -p SubState -p Result -p NRestarts \
    -p ExecMainStatus -p UnitFileState
}
# A kubelet that cannot start also logs its whole usage and every goroutine; one that waits for the API server logs
# ten times a second that its node was not found.
kubelet_errors() {
  journalctl -u kubelet --since "$SINCE" -o cat --no-pager |
    grep -E '^[EF][0-9]{4} |^Error|^Failed|unknown flag|^kubelet.service' |
    grep -vE 'node .*not found|:6443/.*connection refused|AWS credentials' | cut -c 1-1500 | tail -n 120
}
kubelet_tail() {
  journalctl -u kubelet --since "$SINCE" --no-pager |
    grep -vE 'kubelet\[[0-9]+\]: (goroutine |created by |[a-z.]+/|main\.|  |$)' | cut -c 1-600 | tail -n 30
}
kubelet_config() {
  grep -E '^(cgroupDriver|failSwapOn|staticPodPath|clusterDNS)' /var/lib/kubelet/config.yaml
  cat /var/lib/kubelet/kubeadm-flags.env /etc/default/kubelet /etc/sysconfig/kubelet 2>/dev/null
}
runtime_unit() {
  for u in $UNITS; do echo $u
    systemctl show $u -p LoadState -p ActiveState -p SubState -p Result -p NRestarts; done
}
runtime_errors() {
  journalctl $(printf ' -u %s' $UNITS) --since "$SINCE" -o cat --no-pager |
    grep -iE 'level=(error|fatal)|^containerd: |unable|failed|invalid|unknown' | cut -c 1-1000 | tail -n 40
}
kubernetes_files() {
  ls -ln --time-style=+%Y-%m-%dT%H:%M:%S /etc/kubernetes /etc/kubernetes/manifests \
    /var/lib/etcd /etc/cni/net.d 2>&1; ls /opt/cni/bin 2>/dev/null | tr '\n' ' '
}
certificates() {
  command -v openssl >/dev/null || return 0
  for f in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt /var/lib/kubelet/pki/*.crt \
    /var/lib/kubelet/pki/kubelet-client-current.pem; do
    [ ! -f $f ] || echo $f $(openssl x509 -noout -dates -in $f | tr '\n' ' '); done
}
kubeadm_log() { ls -t "$JOBS"/kubeadm-*/log 2>/dev/null | head -n 1 | xargs -r tail -c 8000; }
endpoint() {
  [ -n "$ENDPOINT" ] && command -v bash >/dev/null || return 0
  said=$(timeout 5 bash -c 'exec 3<>"/dev/tcp/$ENDPOINT/$PORT"' 2>&1); s=$?
  [ $s -eq 0 ] && echo open && return
  [ $s -eq 124 ] && echo timed out || echo "$said"
}
registries() {
  command -v curl >/dev/null || return 0
  for r in $REGISTRIES; do for p in https http; do
    echo "$p://$r $(curl -sS -m 3 -o /dev/null -w '%{http_code}' $p://$r/v2/ 2>&1 | tr '\n' ' ')"; done; done
}
