//go:build linux

package nodes_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/eagate/eagate/example/internal/program"
	"github.com/eagate/eagate/internal/expect"
)

// A node is a demo that is one of several.
type node struct {
	*process
	t       *testing.T
	name    string
	port    string
	program string
	env     []string
}

// startNode starts a node with that environment.
func startNode(t *testing.T, name string, env ...string) *node {
	t.Helper()
	n := &node{t: t, name: name, port: freePort(t), program: program.Build(t, "demo")}
	n.env = append(env, "ADDR="+loopback(n.port))
	n.start()
	return n
}

// start starts the node, anew at its old address if it was killed.
func (n *node) start() {
	n.t.Helper()
	cmd := exec.Command(n.program)
	cmd.Env = n.env
	n.process = launch(n.t, cmd, "\ncallback:")
	running := n.process
	n.t.Cleanup(func() { running.review(n.t, n.name) })
}

// restart kills the node, if nobody has yet, and starts it again.
func (n *node) restart() {
	n.t.Helper()
	n.end(n.t, syscall.SIGKILL)
	n.start()
}

// review fails the test if a node has found a fault in itself.
func (p *process) review(t *testing.T, name string) {
	t.Helper()
	_, said, _ := strings.Cut(p.said.String(), "\ncallback:")
	_, said, _ = strings.Cut(said, "\n")
	for _, bad := range []string{"DATA RACE", "panic: ", "panic serving"} {
		expect.Lacks(t, said, bad, "%s says", name)
	}
	if t.Failed() && said != "" {
		t.Logf("%s said:\n%s", name, said)
	}
}

func (n *node) url() string { return "http://" + loopback(n.port) }

// callback is where the service reports to this node.
func (n *node) callback() string {
	_, said, _ := strings.Cut(n.said.String(), "\ncallback:")
	registered, _, _ := strings.Cut(said, "\n")
	return strings.Replace(strings.TrimSpace(registered), origin, n.url(), 1)
}

func TestMain(m *testing.M) {
	code := m.Run()
	program.Remove()
	os.Exit(code)
}
