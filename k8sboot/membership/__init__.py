"""Which cluster a machine belongs to: read from the machine, and compared with the inventory and the others."""
