# Unpack and configure again what dpkg was killed in the middle of: `apt-get -f install` does that only for packages that
# others depend on. Arguments: apt-get and its options.
# shellcheck disable=SC2086
names=$(dpkg-query -W -f '${db:Status-Abbrev}|${binary:Package}\n' | awk -F'|' 'substr($1,3,1) == "R" {print $2}')
[ -z "$names" ] || "$@" --reinstall install $names
