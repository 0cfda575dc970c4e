# Configure what an interrupted transaction unpacked, as far as that is possible: what depends on a package that is to
# be unpacked again waits for apt, which needs current lists for it.
export DEBIAN_FRONTEND=noninteractive
dpkg --force-confold --configure -a
apt-get -q -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 update
true
