"""The smoke test: what a new cluster must be able to do, tried in a namespace of its own."""
