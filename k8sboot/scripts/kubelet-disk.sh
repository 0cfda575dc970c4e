# Print the file systems that kubelet watches: `SIGNAL MOUNT SIZE FREE INODES FREE-INODES`, in KiB, a line each.
# Values: NODE_FS, the folder of kubelet's own data; IMAGE_FS, that of images. A folder need not exist.
nearest() { d=$1; while [ "$d" ] && [ ! -d "$d" ]; do d=${d%/*}; done; d=${d:-/}; }
nearest "$IMAGE_FS"; image=$d
nearest "$NODE_FS"
{ df -Pk "$d" "$image"; df -Pi "$d" "$image"; } 2>/dev/null | awk '
  $1 == "Filesystem" { next }
  { mount[++n] = $NF; size[n] = $2; free[n] = $4 }
  END { if (n == 4) for (i = 1; i < 3; i++)
    print (i == 1 ? "nodefs" : "imagefs"), mount[i], size[i], free[i], size[i + 2], free[i + 2] }'
