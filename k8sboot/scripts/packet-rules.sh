# packet_rules: print of the output of iptables-save the lines that make or use a chain of kube-proxy, kubelet or Calico,
# and those that Calico marks as its own; of any other comment nothing counts. other_rules: print the other lines.
packet_rules() { marked_rules | sed -n 's/^+//p'; }
other_rules() { marked_rules | sed -n 's/^-//p'; }
marked_rules() {
  awk 'BEGIN { c = "[A-Za-z0-9_-]"; c = c c c c; mark = "--comment \"?cali:" c c c c "\"?( |$)" }
  {
    rule = $0
    gsub(/"([^"\\]|\\.)*"/, "\"\"", rule)
    gsub(/--comment [^ ]+/, "", rule)
    ours = rule ~ /^:(KUBE-|cali-)/ || rule ~ /(^| )(-A|-j|-g) (KUBE-|cali-)/
    calico = rule ~ /^-A/ && $0 ~ mark
    print (ours || calico ? "+" : "-") $0
  }'
}
