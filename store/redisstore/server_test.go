package redisstore_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/testenv"
)

// TestMain keeps go-redis from telling of each connection that the tests break.
func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

// A server is a redis-server of the test's own.
type server struct {
	t    testing.TB
	dir  string
	port int
	args []string
	cmd  *exec.Cmd
}

// startServer starts one that keeps nothing on its disk, unless the arguments say
// otherwise.
func startServer(t testing.TB, args ...string) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), port: freePort(t), args: args}
	t.Cleanup(s.stop)
	s.start()
	return s
}

// start starts a server again that was stopped.
func (s *server) start() {
	s.t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		testenv.Missing(s.t, "redis-server", err.Error())
	}
	args := append([]string{"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", s.dir, "--save", ""}, s.args...)
	s.cmd = exec.Command(path, args...)
	var output strings.Builder
	s.cmd.Stdout, s.cmd.Stderr = &output, &output
	expect.NoError(s.t, s.cmd.Start())
	client := connect(s.t, s.options())
	if err := eventually(s.t.Context(), func() error { return client.Ping(s.t.Context()).Err() }); err != nil {
		s.stop()
		s.t.Fatalf("redis-server doesn't answer: %v\n%s", err, output.String())
	}
}

// stop kills the server.
func (s *server) stop() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	s.cmd.Process.Kill()
	s.cmd.Wait()
	s.cmd = nil
}

func (s *server) options() *redis.Options {
	// One try to connect: that nobody listens is what some tests are about.
	return &redis.Options{Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), DialerRetries: 1, ContextTimeoutEnabled: true}
}

// startCluster starts a cluster of three servers, and returns their addresses.
func startCluster(t testing.TB) []string {
	t.Helper()
	const nodes, slots = 3, 16384
	var (
		ctx     = t.Context()
		addrs   []string
		clients []*redis.Client
		first   *server
		bus     int
	)
	for i := range nodes {
		port := freePort(t)
		s := startServer(t, "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(port))
		client := connect(t, s.options())
		addrs, clients = append(addrs, s.options().Addr), append(clients, client)
		if i == 0 {
			first, bus = s, port
		}
		expect.NoError(t, client.ClusterAddSlotsRange(ctx, i*slots/nodes, (i+1)*slots/nodes-1).Err())
		expect.NoError(t, client.Do(ctx, "cluster", "set-config-epoch", i+1).Err())
		if i > 0 {
			expect.NoError(t, client.Do(ctx, "cluster", "meet", "127.0.0.1", first.port, bus).Err())
		}
	}
	for _, client := range clients {
		err := eventually(ctx, func() error {
			info, err := client.ClusterInfo(ctx).Result()
			if err == nil && !strings.Contains(info, "cluster_state:ok") {
				err = fmt.Errorf("the cluster isn't up: %s", info)
			}
			return err
		})
		expect.NoError(t, err)
	}
	return addrs
}

func freePort(t testing.TB) int {
	t.Helper()
	l := expect.Try(net.Listen("tcp", "127.0.0.1:0")).OrFail(t)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// eventually calls f until it returns no error, for half a minute at most.
func eventually(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}
