"""The state of a running cluster, read from its hosts and from one of its masters; nothing is changed or locked."""
