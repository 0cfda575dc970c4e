"""The makers of everything the lab's mirrors serve, one module a concern."""
