"""The rivals: each in an environment of its own, doing what k8sboot does."""
