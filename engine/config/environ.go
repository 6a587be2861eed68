package config

import (
	"regexp"
	"slices"
	"strings"
)

// Prefix begins the name of every variable of ours.
const Prefix = "QUINTET_"

// environment is the process environment taken apart.
type environment struct {
	all    map[string]string
	values map[string]given // by the setting's name
	ours   []string         // every name that begins with Prefix, in order, repeats included
}

func parseEnviron(s *schema, environ []string) *environment {
	e := &environment{all: map[string]string{}, values: map[string]given{}}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		e.all[name] = value
		if !strings.HasPrefix(name, Prefix) {
			continue
		}
		e.ours = append(e.ours, name)
		if one, known := s.byEnv[name]; known {
			e.values[one.name] = given{text: value, source: "env " + name}
		}
	}
	slices.Sort(e.ours)
	return e
}

// problems lists the variables that nobody knows and those that stand twice.
// Other names belong to someone else; used ones are named by a secret.
func (e *environment) problems(s *schema, other []string, used map[string]bool) []Problem {
	var problems []Problem
	for i, name := range e.ours {
		if i > 0 && name == e.ours[i-1] {
			problems = append(problems, Problem{Field: name, Problem: "stands twice in the environment", Hint: "keep one"})
			continue
		}
		_, known := s.byEnv[name]
		if known || used[name] || slices.Contains(other, name) || fromKubernetes(name, e.all[name]) {
			continue
		}
		hint := "unset it; config print lists what there is"
		if near := nearest(name, len(Prefix), names(s.byEnv)); near != "" {
			hint = "did you mean " + near + "?"
		}
		problems = append(problems, Problem{Field: name, Problem: "is not a variable of this program", Hint: hint})
	}
	return problems
}

// For every Service of a namespace Kubernetes sets variables like these in
// every pod, so one that is called quintet would otherwise stop the server:
//
//	QUINTET_SERVICE_HOST=10.0.0.11  QUINTET_SERVICE_PORT_HTTP=8080
//	QUINTET_PORT=tcp://10.0.0.11:8080  QUINTET_PORT_8080_TCP_ADDR=10.0.0.11
//
// https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
var (
	kubernetesService = regexp.MustCompile(`_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$`)
	kubernetesPort    = regexp.MustCompile(`_PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$`)
	kubernetesURL     = regexp.MustCompile(`^(tcp|udp|sctp)://`)
)

func fromKubernetes(name, value string) bool {
	return kubernetesService.MatchString(name) ||
		kubernetesPort.MatchString(name) ||
		strings.HasSuffix(name, "_PORT") && kubernetesURL.MatchString(value)
}
