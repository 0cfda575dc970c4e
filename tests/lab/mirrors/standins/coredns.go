package main

import (
	"encoding/binary"
	"errors"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

const (
	dnsRefresh = 2 * time.Second
	dnsIdle    = 30 * time.Second
)

// runDNS answers for Services in the cluster's domain, and for nothing else: the
// lab has no resolver beyond the cluster's.
func runDNS(args []string) error {
	flags := flag.NewFlagSet("coredns", flag.ContinueOnError)
	corefile := flags.String("conf", "/etc/coredns/Corefile", "Corefile to read")
	if err := flags.Parse(args); err != nil {
		return err
	}
	text, err := os.ReadFile(*corefile)
	if err != nil {
		return err
	}
	api, err := newKube()
	if err != nil {
		return err
	}
	server := &dnsServer{domain: clusterDomain(string(text))}
	go server.follow(api)
	go serveStatus(":8080", "/health", func() bool { return true })
	go serveStatus(":8181", "/ready", func() bool { return server.names.Load() != nil })
	log.Printf("answering for %s on port 53", server.domain)
	return server.listen(":53")
}

// clusterDomain is the zone the Corefile's kubernetes plugin answers for.
func clusterDomain(corefile string) string {
	for _, line := range strings.Split(corefile, "\n") {
		words := strings.Fields(line)
		if len(words) > 1 && words[0] == "kubernetes" {
			return strings.Trim(words[1], ".")
		}
	}
	return "cluster.local"
}

// serveStatus answers OK at path as long as well says so.
func serveStatus(listen, path string, well func() bool) {
	mux := http.NewServeMux()
	mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
		if !well() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, "OK")
	})
	log.Fatal(http.ListenAndServe(listen, mux))
}

type dnsServer struct {
	domain string
	names  atomic.Pointer[map[string][]net.IP]
}

// follow keeps the table of names up to date.
func (s *dnsServer) follow(api *kube) {
	for ; ; time.Sleep(dnsRefresh) {
		names, err := serviceNames(api, s.domain)
		if err != nil {
			log.Printf("cannot list Services: %v", err)
			continue
		}
		if s.names.Swap(&names) == nil {
			log.Printf("ready with %d names", len(names))
		}
	}
}

func (s *dnsServer) listen(addr string) error {
	packets, err := net.ListenPacket("udp", addr)
	if err != nil {
		return err
	}
	streams, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	go s.serveStreams(streams)
	buffer := make([]byte, 4096)
	for {
		size, from, err := packets.ReadFrom(buffer)
		if err != nil {
			return err
		}
		if answer := s.answer(buffer[:size]); answer != nil {
			packets.WriteTo(answer, from)
		}
	}
}

func (s *dnsServer) serveStreams(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer connection.Close()
			for s.serveOne(connection) == nil {
			}
		}()
	}
}

// serveOne answers one question of a TCP connection, its length put before it.
func (s *dnsServer) serveOne(connection net.Conn) error {
	connection.SetDeadline(time.Now().Add(dnsIdle))
	var size uint16
	if err := binary.Read(connection, binary.BigEndian, &size); err != nil {
		return err
	}
	question := make([]byte, size)
	if _, err := io.ReadFull(connection, question); err != nil {
		return err
	}
	answer := s.answer(question)
	if answer == nil {
		return errors.New("not a question")
	}
	length := binary.BigEndian.AppendUint16(nil, uint16(len(answer)))
	_, err := connection.Write(append(length, answer...))
	return err
}
