#!/bin/bash
# A cluster by hand, with perfect knowledge: every file, version and image is known. Over OpenSSH, all hosts at once.
# by_hand.sh SSH_CONFIG FOLDER MASTER NODE...; FOLDER/HOST has files.tar, packages, held, images and sudo's password.
set -euo pipefail
config=$1 folder=$2 master=$3
shift 3

# as_root HOST: run the script on stdin there.
as_root() {
    if [ -s "$folder/$1/password" ]; then
        { cat "$folder/$1/password" && cat; } | ssh -F "$config" "$1" "sudo -k -S -p '' bash -seu"
    else
        ssh -F "$config" "$1" "sudo -n bash -seu"
    fi
}

prepare() {
    as_root "$1" <<END
base64 --decode <<'TAR' | tar --extract --preserve-permissions --directory=/
$(base64 "$folder/$1/files.tar")
TAR
hostname $1
swapoff -a
systemctl daemon-reload
sysctl --quiet --system >/dev/null 2>&1 || true
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install --yes --no-install-recommends -o Dpkg::Options::=--force-confold $(cat "$folder/$1/packages") >/dev/null
apt-mark hold $(cat "$folder/$1/held") >/dev/null
systemctl --quiet enable --now containerd chrony
systemctl --quiet enable kubelet
for image in $(cat "$folder/$1/images"); do crictl pull "\$image" >/dev/null & done
wait
END
}

# Print the command that joins a host.
init() {
    as_root "$master" <<'END'
kubeadm init --config /etc/kubernetes/k8sboot/kubeadm-config.yaml --skip-token-print >/dev/null
export KUBECONFIG=/etc/kubernetes/admin.conf
install -D --mode=600 $KUBECONFIG /root/.kube/config
for manifest in calico metrics-server; do
    kubectl apply --server-side --filename=/etc/kubernetes/k8sboot/$manifest.yaml >/dev/null
done
kubeadm token create --print-join-command
END
}

join() {
    as_root "$1" <<END
$2 --ignore-preflight-errors=SystemVerification >/dev/null
END
}

# Wait until every node is Ready, every Pod of kube-system too, and metrics-server knows all nodes.
settle() {
    as_root "$master" <<END
export KUBECONFIG=/etc/kubernetes/admin.conf
kubectl wait --for=condition=Ready nodes --all --timeout=300s >/dev/null
kubectl --namespace=kube-system wait --for=condition=Ready pods --all --timeout=300s >/dev/null
until [ "\$(kubectl top nodes --no-headers 2>/dev/null | grep --count %)" = $1 ]; do sleep 0.5; done
END
}

# Prepare a node, and join it as soon as there is a cluster.
node() {
    prepare "$1"
    until [ -s "$folder/join" ]; do sleep 0.1; done
    join "$1" "$(cat "$folder/join")"
}

trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
rm -f "$folder/join"
joining=()
for host in "$@"; do
    node "$host" &
    joining+=($!)
done
prepare "$master"
init | tail --lines=1 > "$folder/join.new"
mv "$folder/join.new" "$folder/join"
for process in "${joining[@]}"; do wait "$process"; done
settle $(($# + 1))
