package middleware_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
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
	e := expect.Try(openStream(strings.TrimPrefix(s.url, "http://"), cookie)).OrFail(tb)
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

// browsersAddress is the variable by which this program is told to be browsers, and
// where; with browsersPoll, they poll.
const (
	browsersAddress = "EAGATE_TEST_BROWSERS"
	browsersPoll    = "EAGATE_TEST_BROWSERS_POLL"
)

// TestMain lets the program be the other end of many connections: their memory
// isn't the server's, and one process may not have enough files open for both.
func TestMain(m *testing.M) {
	if address := os.Getenv(browsersAddress); address != "" {
		be := beBrowsers
		if os.Getenv(browsersPoll) != "" {
			be = bePollers
		}
		if err := be(address, os.Stdin, os.Stdout); err != nil {
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

// pollEvery is how often the challenge page polls.
const pollEvery = 2 * time.Second

// bePollers is beBrowsers for those that poll.
func bePollers(address string, cookies io.Reader, events io.Writer) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	poll := func(cookie string) (string, error) {
		req, err := http.NewRequest(http.MethodGet, "http://"+address+"/2fa/challenge/status", nil)
		if err != nil {
			return "", err
		}
		req.Header.Set("Accept", program)
		req.Header.Set("Cookie", cookie)
		res, err := client.Do(req)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return string(body), err
	}
	ended := make(chan struct{})
	queue := make(chan string, 16)
	var all sync.WaitGroup
	defer all.Wait()
	defer close(ended)
	for range cap(queue) {
		all.Go(func() {
			for {
				select {
				case cookie := <-queue:
					_, _ = poll(cookie)
				case <-ended:
					return
				}
			}
		})
	}
	lines := bufio.NewScanner(cookies)
	for lines.Scan() {
		cookie := lines.Text()
		body, err := poll(cookie)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(events, body); err != nil {
			return err
		}
		all.Go(func() {
			tick := time.NewTicker(pollEvery)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
				case <-ended:
					return
				}
				select {
				case queue <- cookie:
				case <-ended:
					return
				}
			}
		})
	}
	return lines.Err()
}

// openBrowsers returns when the visitors' browsers all wait, in a process of
// their own. They do until end is called.
func openBrowsers(tb testing.TB, s *site, poll bool, visitors []*visitor) (end func()) {
	tb.Helper()
	program := expect.Try(os.Executable()).OrFail(tb)
	ctx, cancel := context.WithCancel(tb.Context())
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = append(os.Environ(), browsersAddress+"="+strings.TrimPrefix(s.url, "http://"))
	if poll {
		cmd.Env = append(cmd.Env, browsersPoll+"=1")
	}
	cmd.Stderr = os.Stderr
	cookies := expect.Try(cmd.StdinPipe()).OrFail(tb)
	events := expect.Try(cmd.StdoutPipe()).OrFail(tb)
	expect.NoError(tb, cmd.Start())
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
