# Whether the old `network` service is enabled and will bring up every link that has an address now. Value: SOFTWARE,
# matches the beginning of the names of interfaces that are not hardware of the host.
raises() {
  [ -x /etc/init.d/network ] || return 1
  # shellcheck disable=SC2010
  ls /etc/rc.d/rc3.d/S*network /etc/rc3.d/S*network | grep -q . || return 1
  for d in $(ip -o -4 addr show scope global | awk -F'[@ ]+' "\$2!~/^($SOFTWARE)/{print\$2}"); do
    grep -qiE '^ONBOOT="?yes' "/etc/sysconfig/network-scripts/ifcfg-$d" || return 1
  done
}
raises
