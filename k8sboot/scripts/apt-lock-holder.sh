# Print the name and process id of the program that holds a lock of apt or dpkg; nothing if none does.
. ./record-lock.sh
for f in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock; do
  record_lock "$f"
done
