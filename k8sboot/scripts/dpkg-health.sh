# Print every package that dpkg left half-installed, and `journal` if it was killed while it wrote its database.
if command -v dpkg-query >/dev/null; then
  for f in /var/lib/dpkg/updates/[0-9]*; do
    if [ -e "$f" ]; then echo journal; break; fi
  done
  dpkg-query -W -f '${db:Status-Abbrev}|${Package}\n' 2>/dev/null |
    awk -F'|' 'substr($1,2,1) !~ /[inc]/ || substr($1,3,1) == "R" {print "package", $2}'
fi
