# Unmount everything below the directories that a reset empties; what stays mounted is looked for afterwards. Never by
# force: a file system that is in use keeps what its users write.
. ./mounts.sh
mounts | while read -r _ _ path; do timeout -k 5 60 umount -c -- "$(plain "$path")"; done
true
