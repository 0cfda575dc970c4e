# Print every package that dpkg left half-installed, and `journal` if it was killed while it wrote its database.
command -v dpkg-query >/dev/null || exit 0
ls /var/lib/dpkg/updates 2>/dev/null | grep -q '^[0-9]' && echo journal
dpkg-query -W -f '${db:Status-Abbrev}|${Package}\n' 2>/dev/null |
  awk -F'|' 'substr($1,2,1) !~ /[inc]/ || substr($1,3,1) == "R" {print "package", $2}'
