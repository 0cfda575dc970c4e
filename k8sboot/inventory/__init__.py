"""The inventory: YAML with places in, frozen values out, every problem at once. load.py reads it."""
