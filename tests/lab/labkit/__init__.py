"""Hosts to bootstrap: systemd-nspawn machines on a bridge, with mirrors beside them.

Standard library only: the lab starts before any virtual environment exists.

    cli        the command line
    commands   what each command does, in the order it happens
    plan       which hosts a lab has: names, addresses, logins (and where its files are)
    preflight  what the machine must offer; installs the packages the lab uses
    rootfs     a family's root file system, built once and cached
    families/  one file a family of operating systems
    disk       one host's disk: an overlay on the root file system
    network    bridge, network namespaces, cables
    cgroups    one tree of control groups a host, and the record of its processes
    machine    power: start, kill, wait
    keeper     the process that holds a running machine and restarts it on reboot
    access     keys, known_hosts, and the way in as root
    inventory  what k8sboot is given
    repositories  the part of it that differs by family
    rpmdb      the RPM database of a CentOS host, stating what dpkg installed
    dress/     the files that make Debian look like CentOS
    mirrors    starts what ../mirrors builds: packages and images
    timeserver what the inventory's ntpServers points at
    kernel     settings that guests share with this machine, put back afterwards
    locks      one command at a time
    leftovers  taking everything away, also after a crash
"""
