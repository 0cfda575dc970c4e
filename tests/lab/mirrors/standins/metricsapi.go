package main

import (
	"net/http"
	"strings"
)

func groupVersion() object {
	return object{"groupVersion": metricsVersion, "version": "v1beta1"}
}

func group() object {
	return object{
		"name":             metricsGroup,
		"versions":         []object{groupVersion()},
		"preferredVersion": groupVersion(),
	}
}

func groupList() object {
	return object{"kind": "APIGroupList", "apiVersion": "v1", "groups": []object{group()}}
}

func groupOnly() object {
	answer := group()
	answer["kind"], answer["apiVersion"] = "APIGroup", "v1"
	return answer
}

func resources() object {
	verbs := []string{"get", "list"}
	return object{
		"kind":         "APIResourceList",
		"apiVersion":   "v1",
		"groupVersion": metricsVersion,
		"resources": []object{
			{"name": "nodes", "singularName": "", "namespaced": false, "kind": "NodeMetrics", "verbs": verbs},
			{"name": "pods", "singularName": "", "namespaced": true, "kind": "PodMetrics", "verbs": verbs},
		},
	}
}

// find answers a request for nodes, or for pods of all or of one namespace; the
// words are the path's below the group's version.
func (s *scraper) find(words []string, r *http.Request) (object, bool) {
	latest := s.latest.Load()
	if latest == nil {
		latest = &metrics{}
	}
	namespace := ""
	if len(words) > 2 && words[0] == "namespaces" {
		namespace, words = words[1], words[2:]
	}
	kind, items := "NodeMetrics", latest.nodes
	if words[0] == "pods" {
		kind, items = "PodMetrics", latest.pods
	} else if words[0] != "nodes" || namespace != "" {
		return notFound(words[0]), false
	}
	selector := r.URL.Query().Get("labelSelector")
	chosen := []object{}
	for _, each := range items {
		if namespace != "" && each.meta.Namespace != namespace {
			continue
		}
		if len(words) > 1 && each.meta.Name == words[1] {
			return each.object, true
		}
		if selected(each.meta.Labels, selector) {
			chosen = append(chosen, each.object)
		}
	}
	if len(words) > 1 {
		return notFound(words[1]), false
	}
	return object{
		"kind": kind + "List", "apiVersion": metricsVersion, "metadata": object{}, "items": chosen,
	}, true
}

// selected understands selectors made of equalities, which is what kubectl sends.
func selected(labels map[string]string, selector string) bool {
	for _, term := range strings.Split(selector, ",") {
		name, value, isEquality := strings.Cut(strings.Replace(term, "==", "=", 1), "=")
		if isEquality && labels[strings.TrimSpace(name)] != strings.TrimSpace(value) {
			return false
		}
	}
	return true
}

func notFound(name string) object {
	return object{
		"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404,
		"reason": "NotFound", "message": "no metrics known for " + name,
	}
}
