# Remove files, each as the owner of the folder that it lies in. One of another user goes only if its original is kept.
# Arguments: their paths. Values: ORIGINALS; AS_OWNER, see folders.sh.
. ./folders.sh
. ./alter-as-owner.sh
is_kept() { [ -e "$ORIGINALS$1" ] || [ -L "$ORIGINALS$1" ] || [ -e "$ORIGINALS$1.k8sboot-absent" ]; }
for f; do
  way "$f"
  if [ "$who" = root ]; then rm -rf -- "$f" || exit
  elif [ "$who" != '?' ] && is_kept "$f"; then alter_as_owner remove "$f" '' </dev/null || echo "$f stays: $said"
  else echo "$f stays: $who cannot read it, or others may write to $through"; fi
done
