// Capacity measures what a second factor costs the nodes and the databases, for
// docs/explanation/capacity.md: CPU time, calls of the store, rows and bytes, with few and
// with many accounts. It adds what it measures to a file of comma-separated values, and
// draws the plots from it.
//
//	go run ./capacity -users 10000,100000 -to ../docs/explanation/capacity
//
// It takes PostgreSQL, MariaDB and Redis as the tests do, and leaves out what isn't there.
// It creates databases of its own, and removes them.
package main

import (
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/eagate/eagate/store/sqlstore"
)

func main() {
	log.SetFlags(log.Ltime)
	if os.Getenv(nodeOf) != "" {
		log.Fatal(serve(os.Getenv(nodeOf), os.Getenv(nodeRedis)))
	}
	users := flag.String("users", "10000,100000,1000000", "how many accounts there are, 1000 at least, one number after the other")
	stores := flag.String("stores", "sqlite,postgres,mariadb,redis", "the stores")
	batch := flag.Int("batch", 40, "sign-ins at a time")
	to := flag.String("to", ".", "the directory of capacity.csv and the plots")
	onlyPlot := flag.Bool("plot", false, "only draw the plots again")
	flag.Parse()
	file := filepath.Join(*to, "capacity.csv")
	if !*onlyPlot {
		m := &measurement{batch: *batch}
		for name := range strings.SplitSeq(*stores, ",") {
			for n := range strings.SplitSeq(*users, ",") {
				many, err := strconv.Atoi(n)
				if err == nil {
					err = m.measure(context.Background(), name, many)
				}
				if err != nil {
					log.Printf("%s with %s accounts: %v", name, n, err)
					break
				}
			}
		}
		if err := m.save(file); err != nil {
			log.Fatal(err)
		}
	}
	if err := plot(file, *to); err != nil {
		log.Fatal(err)
	}
}

// A measurement collects values.
type measurement struct {
	batch  int
	store  string
	users  int
	values map[row][]float64
	order  []row
}

// A row is a row of the file, without its values.
type row struct {
	store   string
	users   int
	measure string // such as "sign-in by push: unlock, store reads"
	unit    string
}

func (m *measurement) add(measure, unit string, value float64) {
	r := row{m.store, m.users, measure, unit}
	if m.values == nil {
		m.values = make(map[row][]float64)
	}
	if m.values[r] == nil {
		m.order = append(m.order, r)
	}
	m.values[r] = append(m.values[r], value)
}

// save writes the median of each row's values, the least and the most, in place of what
// the file had for the same stores.
func (m *measurement) save(file string) error {
	kept, err := load(file)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	lines := [][]string{{"store", "users", "measure", "median", "least", "most", "unit"}}
	for _, line := range kept {
		if !slices.ContainsFunc(m.order, func(r row) bool { return r.store == line[0] && strconv.Itoa(r.users) == line[1] }) {
			lines = append(lines, line)
		}
	}
	for _, r := range m.order {
		if r.unit == "calls" && slices.Max(m.values[r]) == 0 {
			continue
		}
		v := slices.Sorted(slices.Values(m.values[r]))
		text := func(f float64) string { return strconv.FormatFloat(f, 'g', 4, 64) }
		lines = append(lines, []string{r.store, strconv.Itoa(r.users), r.measure, text(v[len(v)/2]), text(v[0]), text(v[len(v)-1]), r.unit})
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := csv.NewWriter(f).WriteAll(lines); err != nil {
		return err
	}
	return f.Close()
}

// load returns the lines of the file, without the first.
func load(file string) ([][]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil || len(lines) == 0 {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return lines[1:], nil
}

// measure measures one store with so many accounts.
func (m *measurement) measure(ctx context.Context, name string, users int) error {
	m.store, m.users = name, users
	s, err := openServer(ctx, name)
	if err != nil {
		return err
	}
	defer s.close()
	log.Printf("%s, %d accounts", name, users)
	n, err := startNode(s)
	if err != nil {
		return err
	}
	defer n.stop()
	t, err := m.template(ctx, s, n)
	if err != nil {
		return err
	}
	if err := m.grow(ctx, s, t); err != nil {
		return err
	}
	log.Print("  filled")
	if err := m.operations(ctx, s); err != nil {
		return err
	}
	if s.Dialect == sqlstore.PostgreSQL && s.redis == "" {
		if err := m.notifying(ctx, s); err != nil {
			return err
		}
	}
	log.Print("  operations measured")
	return m.flows(s, n, t)
}
