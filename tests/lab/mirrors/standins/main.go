// Stand-ins for the cluster's add-ons that cannot be had on the lab's machine.
//
// One static program takes the part that its name (argv[0]) or its first
// argument asks for.  Each part answers what Kubernetes and its users ask of the
// real thing: the same probes, the same arguments, the same effect on the node.
package main

import (
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

var parts = map[string]func(args []string) error{
	"coredns":          runDNS,
	"calico-node":      runCalicoNode,
	"calico-typha":     runTypha,
	"calico-ipam":      runIPAMUpgrade,
	"install":          runInstallCNI,
	"kube-controllers": runKubeControllers,
	"check-status":     runCheckStatus,
	"metrics-server":   runMetricsServer,
}

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC)
	name, args := filepath.Base(os.Args[0]), os.Args[1:]
	part, known := parts[name]
	if !known && len(args) > 0 {
		name, args = args[0], args[1:]
		part, known = parts[name]
	}
	if !known {
		fmt.Fprintf(os.Stderr, "no stand-in is named %q\n", name)
		os.Exit(2)
	}
	log.SetPrefix(name + " (stand-in): ")
	endOnSignal()
	if err := part(args); err != nil {
		log.Fatal(err)
	}
}

// endOnSignal ends the program at once when asked to: as process 1 of a
// container it would not see the signal's default action.
func endOnSignal() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		os.Exit(0)
	}()
}
