package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"strings"
	"time"
)

const (
	confPath    = "/host/etc/cni/net.d/10-calico.conflist"
	readyPath   = "/tmp/calico-node-ready"
	nodeRetry   = time.Second
	nodeRefresh = 5 * time.Second
	readyFor    = 15 * time.Second
)

// runCalicoNode is the container's program and the one its probes call.
func runCalicoNode(args []string) error {
	if len(args) == 0 {
		return serveCalicoNode()
	}
	switch args[0] {
	case "-init", "-shutdown", "-felix-live", "-bird-live":
		return nil
	case "-felix-ready", "-bird-ready":
		return checkFresh(readyPath, readyFor)
	}
	return fmt.Errorf("unknown arguments %s", strings.Join(args, " "))
}

// checkFresh fails unless the file was touched a short while ago.
func checkFresh(path string, within time.Duration) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("not ready yet: %v", err)
	}
	if age := time.Since(info.ModTime()); age > within {
		return fmt.Errorf("not ready any more: last in order %s ago", age.Round(time.Second))
	}
	return nil
}

// serveCalicoNode keeps the node's CNI configuration and routes in order.
func serveCalicoNode() error {
	os.Remove(readyPath)
	pool, err := poolCIDR(os.Getenv("CALICO_IPV4POOL_CIDR"))
	if err != nil {
		return err
	}
	api, err := newKube()
	if err != nil {
		return err
	}
	name := os.Getenv("NODENAME")
	log.Printf("node %s, CALICO_IPV4POOL_CIDR=%s", name, pool)
	last := ""
	for {
		state, pause := "in order", nodeRefresh
		if err := arrangeNode(api, name, pool); err != nil {
			state, pause = err.Error(), nodeRetry
		} else if err := os.WriteFile(readyPath, nil, 0o644); err != nil {
			return err
		}
		if state != last {
			log.Print(state)
			last = state
		}
		time.Sleep(pause)
	}
}

// poolCIDR insists on the pool being set: the real program would take its own
// default, which is seldom the cluster's, and a lab should show that at once.
func poolCIDR(text string) (*net.IPNet, error) {
	if text == "" {
		return nil, fmt.Errorf("CALICO_IPV4POOL_CIDR is not set")
	}
	_, pool, err := net.ParseCIDR(text)
	return pool, err
}

// arrangeNode does all that makes the node fit for pods, in the real order:
// first what lets the node become Ready, then what needs other pods to run.
func arrangeNode(api *kube, name string, pool *net.IPNet) error {
	var nodes nodeList
	if err := api.get("/api/v1/nodes?resourceVersion=0", &nodes); err != nil {
		return err
	}
	own, found := findNode(nodes, name)
	if !found || own.Spec.PodCIDR == "" {
		return fmt.Errorf("node %q has no podCIDR", name)
	}
	if err := checkInside(own.Spec.PodCIDR, pool); err != nil {
		return err
	}
	if err := writeConf(confPath, own.Spec.PodCIDR); err != nil {
		return err
	}
	if err := acceptPool(pool.String()); err != nil {
		return err
	}
	for _, other := range nodes.Items {
		if err := routeTo(other, name); err != nil {
			return err
		}
	}
	if err := markNetworkAvailable(api, name); err != nil {
		return err
	}
	return reachTypha(api, os.Getenv("FELIX_TYPHAK8SSERVICENAME"))
}

func findNode(nodes nodeList, name string) (node, bool) {
	for _, each := range nodes.Items {
		if each.Metadata.Name == name {
			return each, true
		}
	}
	return node{}, false
}

// checkInside fails where pods' addresses would lie outside the pool.
func checkInside(podCIDR string, pool *net.IPNet) error {
	ip, inner, err := net.ParseCIDR(podCIDR)
	if err != nil {
		return err
	}
	innerBits, _ := inner.Mask.Size()
	poolBits, _ := pool.Mask.Size()
	if !pool.Contains(ip) || innerBits < poolBits {
		return fmt.Errorf("podCIDR %s is not inside CALICO_IPV4POOL_CIDR %s", podCIDR, pool)
	}
	return nil
}

// reachTypha fails while Typha is asked for and none answers, as Felix does.
func reachTypha(api *kube, service string) error {
	if service == "" || service == "none" {
		return nil
	}
	var backend endpoints
	if err := api.get("/api/v1/namespaces/kube-system/endpoints/"+service, &backend); err != nil {
		return err
	}
	for _, ip := range backend.ips() {
		connection, err := net.DialTimeout("tcp", net.JoinHostPort(ip, typhaPort), 2*time.Second)
		if err == nil {
			return connection.Close()
		}
	}
	return fmt.Errorf("no Typha answers: %d endpoints of Service %s", len(backend.ips()), service)
}
