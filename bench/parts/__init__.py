"""The parts of the bench, each in a file; short ones first."""
