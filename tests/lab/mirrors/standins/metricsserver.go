package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math/big"
	"net/http"
	"os"
	"strings"
	"time"
)

const metricsGroup = "metrics.k8s.io"

// metricsOptions are the real program's arguments that change what it does here.
type metricsOptions struct {
	port         int
	resolution   time.Duration
	addressTypes []string
	statusPort   bool
	insecure     bool
	authority    string
}

// parseMetricsOptions takes the arguments of metrics-server 0.5 and refuses any
// other, as the real one does.
func parseMetricsOptions(args []string) (metricsOptions, error) {
	var options metricsOptions
	flags := flag.NewFlagSet("metrics-server", flag.ContinueOnError)
	flags.IntVar(&options.port, "secure-port", 443, "port to serve HTTPS on")
	flags.DurationVar(&options.resolution, "metric-resolution", time.Minute, "time between scrapes")
	types := flags.String("kubelet-preferred-address-types",
		"Hostname,InternalDNS,InternalIP,ExternalDNS,ExternalIP", "node addresses, best first")
	flags.BoolVar(&options.statusPort, "kubelet-use-node-status-port", false, "take the port from the node's status")
	flags.BoolVar(&options.insecure, "kubelet-insecure-tls", false, "do not verify kubelets' certificates")
	flags.StringVar(&options.authority, "kubelet-certificate-authority", "", "CA of the kubelets' certificates")
	for _, name := range []string{
		"cert-dir", "bind-address", "tls-cert-file", "tls-private-key-file", "kubeconfig", "v",
		"authentication-kubeconfig", "authorization-kubeconfig", "requestheader-client-ca-file",
		"requestheader-allowed-names", "client-ca-file", "kubelet-port", "profiling",
		"authorization-always-allow-paths", "logtostderr", "tls-min-version", "tls-cipher-suites",
	} {
		flags.String(name, "", "accepted, and without effect in the stand-in")
	}
	err := flags.Parse(args)
	options.addressTypes = strings.Split(*types, ",")
	return options, err
}

// runMetricsServer serves metrics.k8s.io/v1beta1 from the kubelets' summaries.
func runMetricsServer(args []string) error {
	options, err := parseMetricsOptions(args)
	if err != nil {
		return err
	}
	api, err := newKube()
	if err != nil {
		return err
	}
	kubelets, err := kubeletClient(options)
	if err != nil {
		return err
	}
	scraper := &scraper{options: options, api: api, kubelets: kubelets}
	go scraper.follow()
	certificate, err := selfSigned()
	if err != nil {
		return err
	}
	server := &http.Server{
		Addr:      fmt.Sprintf(":%d", options.port),
		Handler:   metricsHandler(scraper),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}},
	}
	log.Printf("serving %s on %s", metricsGroup, server.Addr)
	return server.ListenAndServeTLS("", "")
}

// kubeletClient verifies kubelets' certificates unless told not to: a cluster
// whose kubelets sign for themselves needs --kubelet-insecure-tls, as in earnest.
func kubeletClient(options metricsOptions) (*http.Client, error) {
	config := &tls.Config{InsecureSkipVerify: options.insecure}
	if options.authority != "" {
		text, err := os.ReadFile(options.authority)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(text)
	}
	transport := &http.Transport{TLSClientConfig: config}
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}, nil
}

// selfSigned makes a certificate of our own: the APIService skips verification.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "metrics-server.kube-system.svc"},
		DNSNames:     []string{"metrics-server.kube-system.svc", "localhost"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// metricsHandler routes the aggregated API's paths and the probes'.
func metricsHandler(s *scraper) http.Handler {
	base := "/apis/" + metricsGroup + "/v1beta1"
	mux := http.NewServeMux()
	mux.HandleFunc("/livez", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if s.latest.Load() == nil {
			http.Error(w, "no metrics yet", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/apis", reply(groupList))
	mux.HandleFunc("/apis/"+metricsGroup, reply(groupOnly))
	mux.HandleFunc(base, reply(resources))
	mux.HandleFunc(base+"/", func(w http.ResponseWriter, r *http.Request) {
		answer, found := s.find(strings.Split(strings.TrimPrefix(r.URL.Path, base+"/"), "/"), r)
		if !found {
			w.WriteHeader(http.StatusNotFound)
		}
		json.NewEncoder(w).Encode(answer)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/apis") {
			w.Header().Set("Content-Type", "application/json")
		}
		mux.ServeHTTP(w, r)
	})
}

func reply(make func() object) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(make()) }
}
