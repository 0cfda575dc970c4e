# Print the file at the URL $1, downloaded to a new file. TO: its path, as a template of mktemp.
# apt's own helper, because a minimal system has neither curl nor wget. It writes only to files, and by default waits
# several times half a minute for a silent server. It runs as root: _apt may not access that file.
f=$(mktemp "$TO") || exit 1
/usr/lib/apt/apt-helper -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
  -o APT::Sandbox::User=root download-file "$1" "$f" >&2 && cat $f
s=$?
rm -f $f
exit $s
