// Capacity measures what a second factor costs the nodes and the databases, for
// docs/explanation/capacity.md: CPU time, calls of the store, rows and bytes, with few and
// with many accounts. It adds what it measures to a file of comma-separated values, and
// draws the plots from it; with -stores "", it only draws.
//
//	go run ./capacity -users 10000,100000 -to ../docs/explanation/capacity
//
// It takes PostgreSQL, MariaDB and Redis as the tests do, and leaves out what isn't there.
// It creates databases of its own, and removes them. Let nobody else use the servers: the
// bytes of their logs are those of all databases.
package main

import (
	"context"
	"encoding/csv"
	"flag"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

func main() {
	log.SetFlags(log.Ltime)
	users := flag.String("users", "10000,100000,1000000", "how many accounts there are, 1000 at least, one number after the other")
	stores := flag.String("stores", "sqlite,postgres,mariadb,redis", "the stores")
	to := flag.String("to", ".", "the directory of capacity.csv and the plots")
	flag.Parse()
	if flag.Arg(0) == "node" {
		serve()
	}
	file := filepath.Join(*to, "capacity.csv")
	lines := [][]string{{"store", "users", "measure", "median", "least", "most", "unit"}}
	if f, err := os.Open(file); !os.IsNotExist(err) {
		check(err)
		lines = must(csv.NewReader(f).ReadAll())
	}
	for name := range strings.FieldsFuncSeq(*stores, func(r rune) bool { return r == ',' }) {
		for n := range strings.SplitSeq(*users, ",") {
			m := &measurement{store: name, users: must(strconv.Atoi(n)), values: make(map[row][]float64)}
			if !m.measure(context.Background()) {
				break
			}
			lines = slices.DeleteFunc(lines, func(l []string) bool { return l[0] == name && l[1] == n })
			lines = append(lines, m.lines()...)
		}
	}
	f := must(os.Create(file))
	check(csv.NewWriter(f).WriteAll(lines))
	check(f.Close())
	plot(lines[1:], *to)
}

// check panics, so that what is deferred removes the databases.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

// A measurement is of one store, with so many accounts.
type measurement struct {
	store  string
	users  int
	values map[row][]float64
	order  []row
}

// A row is a row of the file, such as "sign-in by push: store reads" in "calls".
type row struct{ measure, unit string }

func (m *measurement) add(measure, unit string, value float64) {
	r := row{measure, unit}
	if m.values[r] == nil {
		m.order = append(m.order, r)
	}
	m.values[r] = append(m.values[r], value)
}

// lines returns the median of each row's values, the least and the most.
func (m *measurement) lines() (lines [][]string) {
	text := func(f float64) string { return strconv.FormatFloat(f, 'g', 4, 64) }
	for _, r := range m.order {
		if v := slices.Sorted(slices.Values(m.values[r])); r.unit != "calls" || v[len(v)-1] > 0 {
			lines = append(lines, []string{m.store, strconv.Itoa(m.users), r.measure, text(v[len(v)/2]), text(v[0]), text(v[len(v)-1]), r.unit})
		}
	}
	return lines
}

func (m *measurement) measure(ctx context.Context) (ok bool) {
	log.Printf("%s, %d accounts", m.store, m.users)
	s := new(server)
	defer func() {
		if p := recover(); p != nil {
			log.Printf("  failed: %v", p)
		}
		for _, f := range slices.Backward(s.closing) {
			f()
		}
	}()
	s.open(ctx, m.store)
	s.startService()
	s.startNode()
	v := enrol(s)
	m.fill(ctx, s)
	log.Print("  filled")
	m.calls(ctx, s)
	if s.Driver == "pgx" && s.Redis == "" {
		m.notifying(ctx, s)
	}
	log.Print("  calls measured")
	m.flows(s, v)
	return true
}
