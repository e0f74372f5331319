package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	"github.com/go-chi/chi/v5"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// The variables by which this program is told to be a node, and of which store.
const (
	nodeOf    = "EAGATE_CAPACITY_NODE"
	nodeRedis = "EAGATE_CAPACITY_REDIS"
	serviceAt = "EAGATE_CAPACITY_SERVICE"
)

var key = bytes.Repeat([]byte("capacity"), 4)

// figures are what a node has used and done so far.
type figures struct {
	CPU           float64 // in microseconds
	Reads, Writes int
	Accounts      int // writes of accounts
	Notified      int // writes that are reported to watchers
}

// counted is a store that counts.
type counted struct {
	store.Backend
	mu sync.Mutex
	figures
}

func (c *counted) count(f func(*figures)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.figures)
}

func (c *counted) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	c.count(func(f *figures) { f.Reads++ })
	return c.Backend.Get(ctx, kind, ids...)
}

func (c *counted) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	c.count(func(f *figures) {
		f.Writes++
		if kind == store.Accounts {
			f.Accounts++
		}
		if doc.Notify {
			f.Notified++
		}
	})
	return c.Backend.Put(ctx, kind, doc)
}

// serve is an application behind a gate, as lean as one can be. It believes whoever comes.
func serve(database, redis string) error {
	ctx := context.Background()
	documents, err := openStore(ctx, database, redis)
	if err != nil {
		return err
	}
	all := &counted{Backend: documents}
	sessions := scs.New()
	sessions.Store = memstore.New()
	user := func(r *http.Request) string { return sessions.GetString(r.Context(), "user") }
	gate, err := middleware.New(
		middleware.WithSessions(sessions),
		middleware.WithService(client.New("acme", "key", client.WithBaseURL(os.Getenv(serviceAt)))),
		middleware.WithStore(all),
		middleware.WithUser(func(r *http.Request) (middleware.User, error) {
			if user(r) == "" {
				return middleware.User{}, nil
			}
			return middleware.User{ID: user(r), Email: emailOf(user(r))}, nil
		}),
		middleware.WithIssuer("Acme"),
		middleware.WithKey(key),
		middleware.WithInsecureCookie(),
		middleware.WithLoginPath("/login"),
		middleware.WithLogoutPath("/logout"),
		middleware.WithOrigin("http://app.example.com"),
		middleware.WithLogger(slog.New(slog.DiscardHandler)),
	)
	if err != nil {
		return err
	}
	callback, err := gate.CallbackURL()
	if err != nil {
		return err
	}
	account := func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "of", user(r)) }
	r := chi.NewRouter()
	r.Group(func(r chi.Router) {
		r.Use(sessions.LoadAndSave, gate.Handler)
		r.Post("/login", func(w http.ResponseWriter, r *http.Request) {
			_ = sessions.RenewToken(r.Context())
			sessions.Put(r.Context(), "user", r.PostFormValue("user"))
		})
		r.Post("/logout", func(w http.ResponseWriter, r *http.Request) { _ = sessions.Destroy(r.Context()) })
		r.Get("/account", account)
		r.Handle("/2fa/*", http.NotFoundHandler())
	})
	r.With(sessions.LoadAndSave).Get("/bare", account) // the same without a gate
	r.Get("/figures", func(w http.ResponseWriter, _ *http.Request) {
		all.mu.Lock()
		defer all.mu.Unlock()
		var u syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
		all.CPU = float64(u.Utime.Nano()+u.Stime.Nano()) / 1000
		_ = json.NewEncoder(w).Encode(all.figures)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s %s\n", l.Addr(), strings.TrimPrefix(callback, "http://app.example.com"))
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0) // the program that measures has ended
	}()
	return http.Serve(l, r)
}

func emailOf(user string) string { return user + "@example.com" }

// A node is a running node.
type node struct {
	url, callback string
	service       *standIn
	stop          func()
}

func startNode(s *server) (*node, error) {
	service := newStandIn()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), nodeOf+"="+s.database, nodeRedis+"="+s.redis, serviceAt+"="+service.server.URL)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	n := &node{service: service, stop: func() {
		in.Close()
		_ = cmd.Wait()
		service.server.Close()
	}}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		n.stop()
		return nil, fmt.Errorf("the node: %w", err)
	}
	n.url, n.callback, _ = strings.Cut(strings.TrimSpace(line), " ")
	return n, nil
}

func (n *node) figures() (f figures, err error) {
	res, err := http.Get(n.url + "/figures")
	if err != nil {
		return f, err
	}
	defer res.Body.Close()
	return f, json.NewDecoder(res.Body).Decode(&f)
}
