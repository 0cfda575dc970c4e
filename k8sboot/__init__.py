"""k8sboot: bare Linux machines to a Kubernetes cluster, over SSH."""

__version__ = "0.1.0"
