"""`python -m k8sboot`."""

from k8sboot.cli.main import main

main()
