package main

// The few fields of Kubernetes objects that the stand-ins read.

type meta struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
}

type address struct {
	Type    string `json:"type"`
	Address string `json:"address"`
}

type node struct {
	Metadata meta `json:"metadata"`
	Spec     struct {
		PodCIDR string `json:"podCIDR"`
	} `json:"spec"`
	Status struct {
		Addresses       []address `json:"addresses"`
		DaemonEndpoints struct {
			KubeletEndpoint struct {
				Port int `json:"Port"`
			} `json:"kubeletEndpoint"`
		} `json:"daemonEndpoints"`
	} `json:"status"`
}

// addressOf is the node's first address of the first type it has one of.
func (n node) addressOf(types ...string) string {
	for _, wanted := range types {
		for _, each := range n.Status.Addresses {
			if each.Type == wanted {
				return each.Address
			}
		}
	}
	return ""
}

type nodeList struct {
	Items []node `json:"items"`
}

type service struct {
	Metadata meta `json:"metadata"`
	Spec     struct {
		Type         string `json:"type"`
		ClusterIP    string `json:"clusterIP"`
		ExternalName string `json:"externalName"`
	} `json:"spec"`
}

type serviceList struct {
	Items []service `json:"items"`
}

type endpoints struct {
	Metadata meta `json:"metadata"`
	Subsets  []struct {
		Addresses []struct {
			IP       string `json:"ip"`
			Hostname string `json:"hostname"`
		} `json:"addresses"`
	} `json:"subsets"`
}

// ips are the addresses of the ready endpoints.
func (e endpoints) ips() []string {
	var found []string
	for _, subset := range e.Subsets {
		for _, each := range subset.Addresses {
			found = append(found, each.IP)
		}
	}
	return found
}

type endpointsList struct {
	Items []endpoints `json:"items"`
}
