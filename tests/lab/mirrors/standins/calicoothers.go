package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	typhaPort         = "5473"
	typhaHealth       = "localhost:9098"
	controllersStatus = "/status/status.json"
)

// runTypha takes connections and holds them; its health is its being there.
func runTypha([]string) error {
	mux := http.NewServeMux()
	for _, path := range []string{"/liveness", "/readiness"} {
		mux.HandleFunc(path, func(http.ResponseWriter, *http.Request) {})
	}
	go func() { log.Fatal(http.ListenAndServe(typhaHealth, mux)) }()
	listener, err := net.Listen("tcp", ":"+typhaPort)
	if err != nil {
		return err
	}
	log.Printf("listening on %s", listener.Addr())
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer connection.Close()
			io.Copy(io.Discard, connection)
		}()
	}
}

// runKubeControllers reaches the API server over the pod network time and again.
func runKubeControllers([]string) error {
	api, err := newKube()
	if err != nil {
		return err
	}
	for ; ; time.Sleep(5 * time.Second) {
		var nodes nodeList
		if err := api.get("/api/v1/nodes?resourceVersion=0", &nodes); err != nil {
			log.Print(err)
			continue
		}
		status := fmt.Sprintf("{\"nodes\": %d}\n", len(nodes.Items))
		if err := os.WriteFile(controllersStatus, []byte(status), 0o644); err != nil {
			return err
		}
	}
}

// runCheckStatus is kube-controllers' probe.
func runCheckStatus([]string) error {
	return checkFresh(controllersStatus, 30*time.Second)
}

// runIPAMUpgrade has nothing to move: the stand-in keeps to host-local.
func runIPAMUpgrade([]string) error {
	return nil
}

// runInstallCNI copies the CNI plugins to the host.
func runInstallCNI([]string) error {
	const from, to = "/opt/cni/plugins", "/host/opt/cni/bin"
	plugins, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	var names []string
	for _, each := range plugins {
		if err := copyProgram(filepath.Join(from, each.Name()), filepath.Join(to, each.Name())); err != nil {
			return err
		}
		names = append(names, each.Name())
	}
	log.Printf("installed %s", strings.Join(names, " "))
	return nil
}

// copyProgram replaces a program by rename, as the kubelet may be running it.
func copyProgram(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to+".new", text, 0o755); err != nil {
		return err
	}
	return os.Rename(to+".new", to)
}
