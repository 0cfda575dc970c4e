"""The journals of runs: written during a run, and read afterwards."""
