"""Start the bench: `python bench/run.py` is `python -m bench`."""

import runpy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
runpy.run_module("bench", run_name="__main__")
