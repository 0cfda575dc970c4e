# Print the images on the host, one name per line; those of Docker Hub also as Docker abbreviates them. Value: ENDPOINT.
timeout 60 crictl --timeout 30s --runtime-endpoint "$ENDPOINT" --image-endpoint "$ENDPOINT" images |
  awk 'NR > 1 && $2 != "<none>" {
    name = $1 ":" $2; print name
    if (sub("^docker[.]io/library/", "", name) || sub("^docker[.]io/", "", name)) print name }'
