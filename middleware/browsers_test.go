package middleware_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// A stream is a connection on which a page hears of its challenge.
type stream struct {
	conn  net.Conn
	lines *bufio.Scanner
}

// patience is how long anything may take on the busiest machine.
const patience = 30 * time.Second

// openStream asks for the events of a session at an address.
func openStream(address, cookie string) (*stream, error) {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(conn, "GET /2fa/challenge/events HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\nCookie: %s\r\n\r\n", address, cookie)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &stream{conn, bufio.NewScanner(conn)}, nil
}

func listen(tb testing.TB, s *site, cookie string) *stream {
	tb.Helper()
	e, err := openStream(strings.TrimPrefix(s.url, "http://"), cookie)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// next returns the next event, or "" if none comes.
func (s *stream) next() string {
	_ = s.conn.SetReadDeadline(time.Now().Add(patience))
	for s.lines.Scan() {
		if event, ok := strings.CutPrefix(s.lines.Text(), "data: "); ok {
			return event
		}
	}
	return ""
}

func (s *stream) close() { s.conn.Close() }

// browsersAddress is the variable by which this program is told to be browsers,
// and where.
const browsersAddress = "EAGATE_TEST_BROWSERS"

// TestMain lets the program be the other end of many connections: their memory
// isn't the server's, and one process may not have enough files open for both.
func TestMain(m *testing.M) {
	if address := os.Getenv(browsersAddress); address != "" {
		if err := beBrowsers(address, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// beBrowsers opens a stream for each cookie that it reads, and keeps it until
// there is no more to read. It writes the first event of each.
func beBrowsers(address string, cookies io.Reader, events io.Writer) error {
	lines := bufio.NewScanner(cookies)
	for lines.Scan() {
		s, err := openStream(address, lines.Text())
		if err != nil {
			return err
		}
		defer s.close()
		if _, err := fmt.Fprintln(events, s.next()); err != nil {
			return err
		}
	}
	return lines.Err()
}

// openBrowsers returns when the visitors' browsers all wait, in a process of
// their own. They do until end is called.
func openBrowsers(tb testing.TB, s *site, visitors []*visitor) (end func()) {
	tb.Helper()
	program, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(tb.Context())
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = append(os.Environ(), browsersAddress+"="+strings.TrimPrefix(s.url, "http://"))
	cmd.Stderr = os.Stderr
	cookies, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	events, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	end = sync.OnceFunc(func() {
		cookies.Close()
		if err := cmd.Wait(); err != nil {
			tb.Errorf("browsers: %v", err)
		}
		cancel()
	})
	tb.Cleanup(end)
	lines := bufio.NewScanner(events)
	for i, v := range visitors {
		if _, err := io.WriteString(cookies, v.cookie+"\n"); err != nil {
			tb.Fatal(err)
		}
		if !lines.Scan() || !strings.Contains(lines.Text(), `"pending"`) {
			tb.Fatalf("browser %d: got event %q, want pending", i, lines.Text())
		}
	}
	return end
}
