"""The display of a run: lines, a live region at the bottom of a terminal, the recap, and errors."""
