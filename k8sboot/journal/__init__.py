"""The journal of runs: written while a run goes on, and read afterwards."""
