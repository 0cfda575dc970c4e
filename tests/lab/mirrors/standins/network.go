package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

const autoMTU = 1480

type object map[string]interface{}

// mtu is what the manifest's veth_mtu asks for; 0 is Calico's word for "find it
// out", which with IP-in-IP on an ordinary Ethernet comes to 1480.
func mtu() int {
	wanted, err := strconv.Atoi(os.Getenv("FELIX_IPINIPMTU"))
	if err != nil || wanted == 0 {
		return autoMTU
	}
	return wanted
}

// writeConf puts the CNI configuration in place, only where it differs.
func writeConf(path, podCIDR string) error {
	text, err := json.MarshalIndent(object{
		"name":       "k8s-pod-network",
		"cniVersion": "0.3.1",
		"plugins": []object{
			{
				"type": "ptp",
				"mtu":  mtu(),
				"ipam": object{
					"type":   "host-local",
					"ranges": [][]object{{{"subnet": podCIDR}}},
					"routes": []object{{"dst": "0.0.0.0/0"}},
				},
			},
			{
				"type":         "portmap",
				"snat":         true,
				"capabilities": object{"portMappings": true},
			},
		},
	}, "", "  ")
	if err != nil {
		return err
	}
	if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, text) {
		return nil
	}
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// routeTo sends another node's pods to that node.
func routeTo(other node, own string) error {
	via := other.addressOf("InternalIP")
	if other.Metadata.Name == own || other.Spec.PodCIDR == "" || via == "" {
		return nil
	}
	return command("/bin/busybox", "ip", "route", "replace", other.Spec.PodCIDR, "via", via)
}

// acceptPool lets pods' traffic through and hides them from the world outside
// the pool.  Docker drops forwarded packets in whichever iptables it was set up
// with, so both kinds get the rules; one of them has to take them.
func acceptPool(pool string) error {
	rules := [][]string{
		{"filter", "FORWARD", "-s", pool, "-j", "ACCEPT"},
		{"filter", "FORWARD", "-d", pool, "-j", "ACCEPT"},
		{"nat", "POSTROUTING", "-s", pool, "!", "-d", pool, "-j", "MASQUERADE"},
	}
	var problems []string
	for _, kind := range []string{"nft", "legacy"} {
		for _, rule := range rules {
			if err := ensureRule("/usr/sbin/xtables-"+kind+"-multi", rule); err != nil {
				problems = append(problems, err.Error())
				break
			}
		}
	}
	if len(problems) == 2 {
		return fmt.Errorf("iptables: %s", strings.Join(problems, "; "))
	}
	return nil
}

// ensureRule inserts a rule at the head of its chain unless it is there.
func ensureRule(program string, rule []string) error {
	with := func(action string) error {
		words := []string{"iptables", "-w", "5", "-t", rule[0], action, rule[1]}
		return command(program, append(words, rule[2:]...)...)
	}
	if with("-C") == nil {
		return nil
	}
	return with("-I")
}

func command(program string, args ...string) error {
	output, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %v: %s", program, strings.Join(args, " "), err, bytes.TrimSpace(output))
	}
	return nil
}

var networkMarked sync.Once

// markNetworkAvailable tells the node's status that its network is up, once in
// the life of the process, as calico-node does at its start.
func markNetworkAvailable(api *kube, name string) error {
	var err error
	networkMarked.Do(func() {
		now := time.Now().UTC().Format(time.RFC3339)
		var patch []byte
		patch, err = json.Marshal(object{"status": object{"conditions": []object{{
			"type":               "NetworkUnavailable",
			"status":             "False",
			"reason":             "CalicoIsUp",
			"message":            "Calico's stand-in is running on this node",
			"lastHeartbeatTime":  now,
			"lastTransitionTime": now,
		}}}})
		if err == nil {
			kind := "application/strategic-merge-patch+json"
			err = api.do("PATCH", "/api/v1/nodes/"+name+"/status", kind, patch, nil)
		}
	})
	return err
}
