# Mark which cluster this machine is a member of. Values: MARK; CLUSTER, its name; CA, the file of its certificate.
{ echo "cluster: $CLUSTER" && cat "$CA"; } > "$MARK.new" && mv -f "$MARK.new" "$MARK"
