# alter_as_owner WHAT PATH...: as as_owner of folders.sh, for what alters something; fails with `said` as the reason.
alter_as_owner() {
  said=$({ as_owner "$@" 2>&1 && echo +; } | tail -c 500 | one_line 500)
  case $said in *'+ ') said= ;; *) return 1 ;; esac
}
