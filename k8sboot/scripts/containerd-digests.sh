# Print a line for each image: its ID, and the digests it can be pulled by. Values: ENDPOINT; TEMPLATE, crictl's.
for image; do
  timeout 60 crictl --timeout 30s --runtime-endpoint "$ENDPOINT" --image-endpoint "$ENDPOINT" \
    inspecti --output go-template --template "$TEMPLATE" "$image" | sed 's/ [^ ]*@/ /g' || exit
done
