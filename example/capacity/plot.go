package main

import (
	"cmp"
	_ "embed"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	texttemplate "text/template"
)

const (
	// One sign-in of each user a day, ten times as many a second at the peak as on average.
	peakPerUser = 10.0 / 86400 // sign-ins a second

	// The grants of a user with one sign-in a day: a proof for two days, and where its
	// session's former ID leads, for one.
	keptGrants = 3
)

//go:embed plot.svg
var svg string

// A chart has two logarithmic axes.
type chart struct {
	Title, Text, X, Y string
	Lines             []*line
	XTicks, YTicks    [][3]float64 // place, power of ten, value
}

// A line's points are logarithms, and then places in the picture. Its label stands at its
// end. Broken is what wasn't measured.
type line struct {
	Name   string
	Color  int
	Broken bool
	Points [][2]float64
	Label  float64
}

func (c *chart) draw(file string) {
	bottom, top := math.Inf(1), math.Inf(-1)
	c.Lines = slices.DeleteFunc(c.Lines, func(l *line) bool { return len(l.Points) == 0 })
	for _, l := range c.Lines {
		for _, p := range l.Points {
			bottom, top = min(bottom, math.Floor(p[1])), max(top, math.Ceil(p[1]))
		}
	}
	x := func(log float64) float64 { return 70 + (log-4)/4*480 }
	y := func(log float64) float64 { return 370 - (log-bottom)/(top-bottom)*330 }
	for _, l := range c.Lines {
		for i, p := range l.Points {
			l.Points[i] = [2]float64{x(p[0]), y(p[1])}
		}
		l.Label = l.Points[len(l.Points)-1][1]
	}
	// The labels from the top downwards, none over another.
	slices.SortStableFunc(c.Lines, func(a, b *line) int { return cmp.Compare(a.Label, b.Label) })
	for i := 1; i < len(c.Lines); i++ {
		c.Lines[i].Label = max(c.Lines[i].Label, c.Lines[i-1].Label+15)
	}
	ticks := func(from, to float64, at func(float64) float64) (all [][3]float64) {
		for e := from; e <= to; e++ {
			all = append(all, [3]float64{at(e), e, math.Pow(10, e)})
		}
		return all
	}
	c.XTicks, c.YTicks = ticks(4, 8, x), ticks(bottom, top, y)
	f := must(os.Create(file))
	check(texttemplate.Must(texttemplate.New("").Parse(svg)).Execute(f, c))
	check(f.Close())
}

// plot draws the plots of the page.
func plot(rows [][]string, to string) {
	values := func(store, measure string) (points [][2]float64) {
		for _, r := range rows {
			if r[0] == store && r[2] == measure {
				points = append(points, [2]float64{math.Log10(must(strconv.ParseFloat(r[1], 64))), math.Log10(must(strconv.ParseFloat(r[3], 64)))})
			}
		}
		slices.SortFunc(points, func(a, b [2]float64) int { return cmp.Compare(a[0], b[0]) })
		return points
	}
	last := func(store, measure string) float64 { // of the most users
		points := append([][2]float64{{0, math.NaN()}}, values(store, measure)...)
		return math.Pow(10, points[len(points)-1][1])
	}
	calls := &chart{
		Title: "Pages of PostgreSQL that one call of the store touches", X: "accounts in the table", Y: "pages of 8 KiB",
		Text: "Each line is nearly level from ten thousand accounts to a million: no call reads more because there are more users.",
	}
	for i, name := range []string{"DeleteDue, of 500 grants", "read of 500 accounts", "List, 200 accounts", "change of an account", "read of 1 account", "Due, of accounts, with nothing due"} {
		calls.Lines = append(calls.Lines, &line{Name: strings.Replace(name, "Due, of accounts,", "Due,", 1), Color: i + 1, Points: values("postgres", name+": touched")})
	}
	calls.draw(filepath.Join(to, "calls.svg"))

	straight := func(c *chart, name string, perUser float64) {
		l := &line{Name: name, Color: len(c.Lines) + 1, Broken: true}
		if !math.IsNaN(perUser) {
			l.Points = [][2]float64{{4, math.Log10(perUser) + 4}, {8, math.Log10(perUser) + 8}}
		}
		c.Lines = append(c.Lines, l)
	}
	bytes := &chart{
		Title: "What is stored for all users", X: "users, with one sign-in each a day", Y: "GB, with indexes",
		Text: "Straight lines: some gigabytes for a million users, some hundred for a hundred million.",
	}
	stored := func(store, kind string) float64 { return last(store, "stored for each "+kind+", with indexes") / 1e9 }
	for _, s := range [][2]string{{"mariadb", "MariaDB"}, {"sqlite", "SQLite"}, {"postgres", "PostgreSQL"}} {
		straight(bytes, s[1]+": all", stored(s[0], "account")+stored(s[0], "address")+keptGrants*stored(s[0], "grant"))
	}
	straight(bytes, "Redis: grants", keptGrants*stored("redis", "grant"))
	bytes.draw(filepath.Join(to, "bytes.svg"))

	cpu := &chart{
		Title: "CPU at the peak, of sign-ins and their requests", X: "users, with one sign-in each a day, ten times the average at the peak", Y: "cores of the measured machine",
		Text: "Nodes take two to three times the CPU of their database. A million users take one to some cores, a hundred million some hundred.",
	}
	for _, s := range [][3]string{{"postgres", "the node", "the nodes"},
		{"mariadb", "the database's connections", "MariaDB"}, {"postgres", "the database's connections", "PostgreSQL"}, {"redis", "the database's connections", "PostgreSQL and Redis"}} {
		perSignIn := last(s[0], "sign-in by push: CPU of "+s[1]) + verifiedRequests*last(s[0], cold.name+": CPU of "+s[1])
		straight(cpu, s[2], perSignIn/1e6*peakPerUser)
	}
	cpu.draw(filepath.Join(to, "cpu.svg"))
}
