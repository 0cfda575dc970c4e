"""What k8sboot knows of Kubernetes: pure functions, no connection, no file, no printing."""
