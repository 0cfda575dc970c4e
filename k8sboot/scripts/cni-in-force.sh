# Print the name of the CNI configuration that the container runtime reads: the first by name.
for f in /etc/cni/net.d/*; do
  [ -e "$f" ] || continue
  case $f in *.conf | *.conflist | *.json) echo "${f##*/}"; break ;; esac
done
