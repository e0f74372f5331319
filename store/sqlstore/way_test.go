package sqlstore_test

import (
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
)

// A way is an address that leads to one server or another. Connections that are
// there stay where they are, as with a change in the DNS.
type way struct {
	address string
	target  atomic.Value
	cut     atomic.Bool // the next answer gets lost, and the connection breaks
}

func newWay(t testing.TB, target string) *way {
	t.Helper()
	l := expect.Try(net.Listen("tcp", "127.0.0.1:0")).OrFail(t)
	t.Cleanup(func() { l.Close() })
	w := &way{address: l.Addr().String()}
	w.target.Store(target)
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", w.target.Load().(string))
			if err != nil {
				from.Close()
				continue
			}
			forward := func(to io.Writer, from io.Reader) {
				_, _ = io.Copy(to, from)
			}
			go func() { forward(to, from); to.Close(); from.Close() }()
			go func() { forward(answers{from, w}, to); to.Close(); from.Close() }()
		}
	}()
	return w
}

// answers is where the answers of a server go.
type answers struct {
	net.Conn
	*way
}

func (a answers) Write(b []byte) (int, error) {
	if a.cut.CompareAndSwap(true, false) {
		return 0, errors.New("cut")
	}
	return a.Conn.Write(b)
}

// A write whose answer gets lost is not sent again: it would find another version.
func TestAnswerLost(t *testing.T) {
	for _, c := range []struct {
		name, driver string
		open         func(testing.TB) database
		options      map[string]string
	}{
		{"pgx", "pgx", newPostgres, nil},
		{"pq", "postgres", newPostgres, map[string]string{"binary_parameters": "yes"}},
		{"MariaDB", "mysql", newMariaDB, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := c.open(t)
			direct := d.store(t)
			address := "127.0.0.1:3306"
			if u, err := url.Parse(d.source); err == nil && u.Host != "" {
				address = u.Host
			} else if _, rest, ok := strings.Cut(d.source, "tcp("); ok {
				address, _, _ = strings.Cut(rest, ")")
			}
			w := newWay(t, address)
			d = d.with(t, c.options)
			d.driver, d.source = c.driver, strings.Replace(d.source, address, w.address, 1)
			db := d.open(t)
			db.SetMaxOpenConns(1)
			s := open(t, db, d.dialect)
			doc := store.Document{ID: "u", Body: []byte("1"), Version: put(t, s, "u")}
			var err error
			if doc.Version, err = s.Put(t.Context(), store.Accounts, doc); err != nil { // prepares the statement
				t.Fatal(err)
			}
			w.cut.Store(true)
			_, err = s.Put(t.Context(), store.Accounts, doc)
			if err == nil || errors.Is(err, store.ErrConflict) {
				t.Errorf("got %v, want an error that leaves it open", err)
			}
			found, err := direct.Get(t.Context(), store.Accounts, "u")
			if err != nil || found[0].Version != doc.Version+1 {
				t.Errorf("got %v, %v, want it written once", found, err)
			}
		})
	}
}
