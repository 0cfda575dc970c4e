package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const accountDir = "/var/run/secrets/kubernetes.io/serviceaccount/"

// kube talks to the API server as the pod's service account.
type kube struct {
	base   string
	client *http.Client
}

// newKube finds the API server the way every in-cluster client does.
func newKube() (*kube, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, fmt.Errorf("KUBERNETES_SERVICE_HOST and _PORT are not set: not in a cluster")
	}
	authority, err := os.ReadFile(accountDir + "ca.crt")
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	return &kube{
		base:   "https://" + net.JoinHostPort(host, port),
		client: &http.Client{Transport: transport, Timeout: 10 * time.Second},
	}, nil
}

// token is read anew for each request, as the kubelet may renew it.
func token() string {
	text, err := os.ReadFile(accountDir + "token")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// get reads the object or list at path into result.
func (k *kube) get(path string, result interface{}) error {
	return k.do(http.MethodGet, path, "", nil, result)
}

func (k *kube) do(method, path, kind string, body []byte, result interface{}) error {
	request, err := http.NewRequest(method, k.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token())
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	return fetch(k.client, request, result)
}

// fetch does a request and reads its JSON answer into result, where wanted.
func fetch(client *http.Client, request *http.Request, result interface{}) error {
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		if len(text) > 300 {
			text = text[:300]
		}
		return fmt.Errorf("%s %s: %s: %s", request.Method, request.URL, answer.Status, text)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(text, result)
}
