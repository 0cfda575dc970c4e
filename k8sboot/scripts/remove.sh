# Remove these directories; one that is a mount point is emptied and stays. What is mounted below stays as it is.
for d; do
  if mountpoint -q "$d" 2>/dev/null; then find "$d" -xdev -mindepth 1 -delete
  else rm -rf --one-file-system -- "$d"; fi || exit
done
