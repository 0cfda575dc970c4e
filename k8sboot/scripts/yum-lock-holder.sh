# Print the name and process id of the program that holds a lock of yum, dnf or rpm; nothing if none does.
# yum 3 and dnf write their pid to files; rpm locks a file of its own.
. ./record-lock.sh
for f in /var/run/yum.pid /var/cache/dnf/*_lock.pid /var/lib/dnf/*_lock.pid; do
  [ -s "$f" ] && read -r p < "$f" && [ -d "/proc/$p" ] && echo "$(cat "/proc/$p/comm"), pid $p" && exit 0
done
record_lock /var/lib/rpm/.rpm.lock
