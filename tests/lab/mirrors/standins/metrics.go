package main

import (
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const metricsVersion = metricsGroup + "/v1beta1"

// usage is one reading of a kubelet's summary; a new container has none yet.
type usage struct {
	CPU struct {
		Time      time.Time `json:"time"`
		NanoCores *uint64   `json:"usageNanoCores"`
	} `json:"cpu"`
	Memory struct {
		WorkingSet *uint64 `json:"workingSetBytes"`
	} `json:"memory"`
}

func (u usage) complete() bool {
	return u.CPU.NanoCores != nil && u.Memory.WorkingSet != nil
}

func (u usage) quantities() object {
	return object{
		"cpu":    fmt.Sprintf("%dn", *u.CPU.NanoCores),
		"memory": fmt.Sprintf("%dKi", *u.Memory.WorkingSet/1024),
	}
}

type summary struct {
	Node usage `json:"node"`
	Pods []struct {
		PodRef     meta `json:"podRef"`
		Containers []struct {
			Name string `json:"name"`
			usage
		} `json:"containers"`
	} `json:"pods"`
}

// metric is one object to serve, with what requests pick it by.
type metric struct {
	meta   meta
	object object
}

type metrics struct {
	nodes, pods []metric
}

type scraper struct {
	options  metricsOptions
	api      *kube
	kubelets *http.Client
	latest   atomic.Pointer[metrics]
}

// follow scrapes all kubelets time and again; quickly until the first success.
func (s *scraper) follow() {
	for {
		found, err := s.scrape()
		if err != nil {
			log.Print(err)
		}
		if len(found.nodes) > 0 {
			s.latest.Store(&found)
			time.Sleep(s.options.resolution)
		} else {
			time.Sleep(2 * time.Second)
		}
	}
}

func (s *scraper) scrape() (metrics, error) {
	var found metrics
	var nodes nodeList
	if err := s.api.get("/api/v1/nodes?resourceVersion=0", &nodes); err != nil {
		return found, err
	}
	labels, err := s.podLabels()
	if err != nil {
		return found, err
	}
	var problems []string
	for _, each := range nodes.Items {
		summary, err := s.summaryOf(each)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		found.add(each, summary, labels)
	}
	if len(problems) > 0 {
		return found, errors.New(strings.Join(problems, "; "))
	}
	return found, nil
}

// podLabels gives requests with a label selector something to select by.
func (s *scraper) podLabels() (map[string]map[string]string, error) {
	var pods struct {
		Items []struct {
			Metadata meta `json:"metadata"`
		} `json:"items"`
	}
	if err := s.api.get("/api/v1/pods?resourceVersion=0", &pods); err != nil {
		return nil, err
	}
	labels := map[string]map[string]string{}
	for _, each := range pods.Items {
		labels[each.Metadata.Namespace+"/"+each.Metadata.Name] = each.Metadata.Labels
	}
	return labels, nil
}

func (s *scraper) summaryOf(n node) (summary, error) {
	var found summary
	port := 10250
	if reported := n.Status.DaemonEndpoints.KubeletEndpoint.Port; s.options.statusPort && reported != 0 {
		port = reported
	}
	host := net.JoinHostPort(n.addressOf(s.options.addressTypes...), strconv.Itoa(port))
	request, err := http.NewRequest(http.MethodGet, "https://"+host+"/stats/summary", nil)
	if err != nil {
		return found, err
	}
	request.Header.Set("Authorization", "Bearer "+token())
	err = fetch(s.kubelets, request, &found)
	return found, err
}

// add takes in one node's summary; what has no complete reading is left out.
func (m *metrics) add(n node, s summary, labels map[string]map[string]string) {
	if s.Node.complete() {
		m.nodes = append(m.nodes, newMetric("NodeMetrics", n.Metadata, s.Node.CPU.Time, object{
			"usage": s.Node.quantities(),
		}))
	}
	for _, pod := range s.Pods {
		var containers []object
		var when time.Time
		for _, each := range pod.Containers {
			if each.complete() {
				containers = append(containers, object{"name": each.Name, "usage": each.quantities()})
				when = each.CPU.Time
			}
		}
		if containers == nil {
			continue
		}
		identity := pod.PodRef
		identity.Labels = labels[identity.Namespace+"/"+identity.Name]
		m.pods = append(m.pods, newMetric("PodMetrics", identity, when, object{"containers": containers}))
	}
}

func newMetric(kind string, identity meta, when time.Time, rest object) metric {
	metadata := object{
		"name":              identity.Name,
		"creationTimestamp": time.Now().UTC().Format(time.RFC3339),
		"labels":            identity.Labels,
	}
	if identity.Namespace != "" {
		metadata["namespace"] = identity.Namespace
	}
	rest["kind"], rest["apiVersion"], rest["metadata"] = kind, metricsVersion, metadata
	rest["timestamp"] = when.UTC().Format(time.RFC3339)
	rest["window"] = "10s"
	return metric{identity, rest}
}
