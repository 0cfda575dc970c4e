# A host of its own around the sshd that follows: own-host.sh FOLDER NAME COMMAND...
# It has its own processes, host name, machine id, /etc, /var/lib, /run, /home and /root; the network is the bench's.
# BENCH_USERS: also `admin`, whom sudo asks for nothing, and `ops`, whom it asks for this password.
set -eu
folder=$1 name=$2
shift 2
hostname "$name"
for path in etc var/lib; do
    mkdir -p "$folder/upper/$path" "$folder/scratch/$path"
    mount -t overlay own -o "lowerdir=/$path,upperdir=$folder/upper/$path,workdir=$folder/scratch/$path" "/$path"
done
mkdir -p "$folder/root" "$folder/home"
mount --bind "$folder/root" /root
mount --bind "$folder/home" /home
mount -t tmpfs own /run
mkdir /run/sshd
echo "$name" > /etc/hostname
printf %s "$name" | md5sum | cut -c -32 > /etc/machine-id
if [ "${BENCH_USERS-}" ]; then
    for user in admin ops; do
        useradd --create-home --shell /bin/bash "$user"
        echo "$user:$BENCH_USERS" | chpasswd
    done
    printf '%s\n' 'admin ALL=(ALL) NOPASSWD: ALL' 'ops ALL=(ALL) ALL' > /etc/sudoers.d/bench
    chmod 440 /etc/sudoers.d/bench
fi
exec "$@"
