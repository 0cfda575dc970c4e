package main

import (
	"encoding/binary"
	"net"
	"strings"
)

const (
	dnsHeader    = 12
	dnsTypeA     = 1
	dnsTypeANY   = 255
	dnsTTL       = 5
	dnsNoError   = 0
	dnsServFail  = 2
	dnsNameError = 3
)

// serviceNames is every name that the cluster's DNS answers an A question for.
func serviceNames(api *kube, domain string) (map[string][]net.IP, error) {
	var services serviceList
	if err := api.get("/api/v1/services?resourceVersion=0", &services); err != nil {
		return nil, err
	}
	var all endpointsList
	if err := api.get("/api/v1/endpoints?resourceVersion=0", &all); err != nil {
		return nil, err
	}
	backends := map[string]endpoints{}
	for _, each := range all.Items {
		backends[each.Metadata.Namespace+"/"+each.Metadata.Name] = each
	}
	names := map[string][]net.IP{"dns-version." + domain: nil}
	for _, each := range services.Items {
		name := each.Metadata.Name + "." + each.Metadata.Namespace + ".svc." + domain
		if ip := net.ParseIP(each.Spec.ClusterIP); ip != nil {
			names[name] = []net.IP{ip}
			continue
		}
		addHeadless(names, name, backends[each.Metadata.Namespace+"/"+each.Metadata.Name])
	}
	return names, nil
}

// addHeadless adds a Service without an address of its own: it resolves to its
// ready pods, and each pod with a host name has a name below the Service's.
func addHeadless(names map[string][]net.IP, name string, backend endpoints) {
	names[name] = nil
	for _, subset := range backend.Subsets {
		for _, each := range subset.Addresses {
			ip := net.ParseIP(each.IP)
			names[name] = append(names[name], ip)
			if each.Hostname != "" {
				names[each.Hostname+"."+name] = []net.IP{ip}
			}
		}
	}
}

// answer makes the reply to one question, or nil where there is none to make.
func (s *dnsServer) answer(message []byte) []byte {
	name, end := questionName(message)
	if end == 0 || end+4 > len(message) || message[2]&0x80 != 0 {
		return nil
	}
	kind := binary.BigEndian.Uint16(message[end:])
	ips, code := s.lookup(name)
	if kind != dnsTypeA && kind != dnsTypeANY {
		ips = nil
	}
	reply := append([]byte{}, message[:end+4]...)
	reply[2] = 0x84 | message[2]&0x01
	reply[3] = 0x80 | code
	counts := []uint16{1, 0, 0, 0}
	for _, ip := range ips {
		if v4 := ip.To4(); v4 != nil {
			reply = append(reply, 0xc0, dnsHeader, 0, dnsTypeA, 0, 1, 0, 0, 0, dnsTTL, 0, 4)
			reply = append(reply, v4...)
			counts[1]++
		}
	}
	for i, count := range counts {
		binary.BigEndian.PutUint16(reply[4+2*i:], count)
	}
	return reply
}

// lookup finds a name's addresses and the reply's code.
func (s *dnsServer) lookup(name string) ([]net.IP, byte) {
	names := s.names.Load()
	if names == nil {
		return nil, dnsServFail
	}
	if ips, known := (*names)[name]; known {
		return ips, dnsNoError
	}
	if name == s.domain {
		return nil, dnsNoError
	}
	return nil, dnsNameError
}

// questionName reads the first question's name, in lower case, and where it ends.
func questionName(message []byte) (string, int) {
	if len(message) < dnsHeader || binary.BigEndian.Uint16(message[4:]) != 1 {
		return "", 0
	}
	var labels []string
	at := dnsHeader
	for at < len(message) {
		size := int(message[at])
		at++
		if size == 0 {
			return strings.ToLower(strings.Join(labels, ".")), at
		}
		if size > 63 || at+size > len(message) {
			return "", 0
		}
		labels = append(labels, string(message[at:at+size]))
		at += size
	}
	return "", 0
}
