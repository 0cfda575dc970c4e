# Print the file that disables containerd's CRI plugin: its configuration, or one that this imports. Value: FILE.
cd "${FILE%/*}" || exit
imports=$(sed -n 's/^imports *= *\[\(.*\)].*/\1/p' "$FILE" | tr "\"'," '   ')
# shellcheck disable=SC2086
grep -lE "^[[:space:]]*disabled_plugins.*[\"'](cri|io[.]containerd[.](grpc[.]v1[.]cri|cri[.]v1[.][a-z]+))[\"']" \
  "$FILE" $imports 2>/dev/null | head -n 1 | sed "s|^\([^/]\)|${FILE%/*}/\1|"
