"""What k8sboot knows about Kubernetes: pure functions; no connection, no file, no output."""
