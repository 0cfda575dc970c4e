# Print `database` if rpm's database is damaged, and `transaction` if yum left an unfinished one.
# A healthy rpm reports on stdout that there is no such package, and nothing on stderr. rpm 4.11 waits forever for locks
# in its database that belong to a killed process.
command -v rpm >/dev/null && command -v yum >/dev/null || exit 0
out=$(timeout 20 rpm -q k8sboot-no-such-package 2>&1 >/dev/null); [ $? -ne 124 ] || echo database
printf '%s' "$out" | grep -qiE 'rpmdb|db[0-9]* error|panic|cannot open' && echo database
ls /var/lib/yum/transaction-all.* >/dev/null 2>&1 && echo transaction
true
