# Restore a file in another user's folder, as that user, from an original that was that user's.
# Arguments: its path; its original, or '' for none; the folder that was made for it, or ''.
# Value: AS_OWNER, see folders.sh.
. ./folders.sh
. ./alter-as-owner.sh
way "$1"
if [ "$who" = root ] || [ "$who" = '?' ]; then said="others may write to $through now"; false
elif [ -z "$2" ]; then alter_as_owner remove "$1" "$3" </dev/null
elif [ "$(stat -c %U -- "$2")" != "$who" ]; then said="its original was not $who's"; false
elif [ -L "$2" ]; then alter_as_owner link "$1" "$(readlink -- "$2")" </dev/null
else
  mode=000$(stat -c %a -- "$2")
  alter_as_owner put "$1" "${mode#"${mode%???}"}" '' < "$2"
fi || { printf '%s: %s\n' "$1" "$said" >&2; exit 1; }
