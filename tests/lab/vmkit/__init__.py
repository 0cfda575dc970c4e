"""Hosts with a kernel of their own: qemu machines on a lab's bridge, mirrors and logins as in labkit.

cli        the command line
commands   what each command does, in the order it happens
disk       a bootable disk image with grub, built once and cached; each machine's own copy
machine    power: start, kill, wait; root's way in
kernels    newer kernels for the upgrade, and one that cannot boot, served to the machines
"""
