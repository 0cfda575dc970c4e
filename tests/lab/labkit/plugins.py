"""The pod networks that a lab can have, each by its manifest on the mirrors."""

DEFAULT, KUBE_ROUTER = "calico", "kube-router"
NAMES = (DEFAULT, KUBE_ROUTER)
MANIFESTS = {DEFAULT: "calico/calico-typha.yaml", KUBE_ROUTER: "kube-router/kube-router.yaml"}
