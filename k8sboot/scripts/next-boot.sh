# What the next boot reads beside k8sboot's files, a line each, with a word before it. Values: MODULES, a pattern.
cd /
set -- /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf \
  /lib/sysctl.d/*.conf /etc/sysctl.conf
for f; do [ ! -e "$f" ] || echo "file $f"; done
grep -Hs '^[^#;]*=' "$@" | sed 's/^/sysctl /'
found=$(grep -HsE "^[[:space:]]*(blacklist|install)[[:space:]]+($MODULES)([[:space:]]|\$)" /etc/modprobe.d/*.conf \
  /run/modprobe.d/*.conf /usr/local/lib/modprobe.d/*.conf /usr/lib/modprobe.d/*.conf /lib/modprobe.d/*.conf)
[ -z "$found" ] || { printf '%s\n' "$found" | sed 's/^/modprobe /'
  grep -E "/($MODULES)\.ko" "/lib/modules/$(uname -r)/modules.builtin" | sed 's/^/builtin /'; }
# shellcheck disable=SC3013
[ /etc/systemd/system/swap.target -ef /dev/null ] ||
  for f in /etc/systemd/system/swap.target.wants/*.swap /usr/lib/systemd/system/swap.target.wants/*.swap \
    /run/systemd/generator*/swap.target.wants/*.swap; do
    [ ! -e "$f" ] || grep -qs '^SourcePath=/etc/fstab' "$f" || echo "swap $f"
  done
[ ! -x /usr/bin/cloud-init ] || [ -e /etc/cloud/cloud-init.disabled ] || {
  echo "cloud-init $(cat /var/lib/cloud/data/previous-hostname 2>/dev/null)"
  grep -HsE '^(preserve_hostname|manage_etc_hosts):' /etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d/*.cfg \
    /var/lib/cloud/instance/cloud-config.txt | sed 's/^/cloud /'
}
for f in /etc/systemd/system/*.wants/tuned.service; do
  [ ! -e "$f" ] || grep -Hs '^ *reapply_sysctl *= *\(0\|[Ff]alse\)' /etc/tuned/tuned-main.conf | sed 's/^/tuned /'
done
for u in iptables:/etc/sysconfig/iptables netfilter-persistent:/etc/iptables/rules.v4 nftables:/etc/nftables.conf \
  nftables:/etc/sysconfig/nftables.conf; do
  for f in /etc/systemd/system/*.wants/"${u%%:*}.service"; do
    [ ! -e "$f" ] || ! grep -qsE '^[^#]*(-j (REJECT|DROP)|(^|[ ;{])(reject|drop)( |;|$))' "${u#*:}" ||
      echo "filter ${u%%:*}.service ${u#*:}"
  done
done
true
