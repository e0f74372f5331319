package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	texttemplate "text/template"
)

// What a sign-in asks of the store at the peak: one sign-in of each user a day, ten times
// as many a second at the peak as on average.
const (
	peakPerUser = 10.0 / 86400 // sign-ins a second
	mostUsers   = 1e8
)

//go:embed plot.svg
var svg string

// A chart has two logarithmic axes.
type chart struct {
	Title, Text, X, Y string
	Lines             []*line
	left, right       float64
	bottom, top       float64
}

// A line's label stands at its end. Broken is what wasn't measured.
type line struct {
	Name   string
	Number int
	Broken bool
	points [][2]float64
	Label  float64 // its height
}

const width, height, leftOf, rightOf, above, below = 760.0, 420.0, 70.0, 210.0, 40.0, 50.0

func (c *chart) x(v float64) float64 {
	return leftOf + (math.Log10(v)-c.left)/(c.right-c.left)*(width-leftOf-rightOf)
}

func (c *chart) y(v float64) float64 {
	return height - below - (math.Log10(v)-c.bottom)/(c.top-c.bottom)*(height-above-below)
}

// A Tick is a power of ten on an axis.
type tick struct {
	At   float64
	Text string
}

func ticks(from, to float64, at func(float64) float64) (all []tick) {
	for e := math.Ceil(from); e <= to; e++ {
		text := strconv.FormatFloat(math.Pow(10, e), 'f', -1, 64)
		if e > 3 || e < -3 {
			text = fmt.Sprintf(`10<tspan dy="-5" font-size="9">%.0f</tspan>`, e)
		}
		all = append(all, tick{at(math.Pow(10, e)), text})
	}
	return all
}

func (c *chart) XTicks() []tick { return ticks(c.left, c.right, c.x) }
func (c *chart) YTicks() []tick { return ticks(c.bottom, c.top, c.y) }

// Path returns the points of a line for SVG.
func (c *chart) Path(l *line) (text string) {
	for _, p := range l.points {
		text += fmt.Sprintf("%.1f,%.1f ", c.x(p[0]), c.y(p[1]))
	}
	return text
}

// Dots returns the points that were measured.
func (c *chart) Dots(l *line) (dots [][2]float64) {
	for _, p := range l.points {
		if !l.Broken {
			dots = append(dots, [2]float64{c.x(p[0]), c.y(p[1])})
		}
	}
	return dots
}

// draw writes the chart.
func (c *chart) draw(file string) error {
	c.left, c.right, c.bottom, c.top = 4, math.Log10(mostUsers), math.Inf(1), math.Inf(-1)
	for i, l := range c.Lines {
		if l.Number == 0 {
			l.Number = i%6 + 1
		}
		for _, p := range l.points {
			c.bottom, c.top = min(c.bottom, math.Floor(math.Log10(p[1]))), max(c.top, math.Ceil(math.Log10(p[1])))
		}
	}
	// The labels from the top downwards, none over another.
	var labelled []*line
	for _, l := range c.Lines {
		if l.Name != "" {
			l.Label = c.y(l.points[len(l.points)-1][1]) + 4
			labelled = append(labelled, l)
		}
	}
	slices.SortStableFunc(labelled, func(a, b *line) int { return cmp.Compare(a.Label, b.Label) })
	for i, l := range labelled[1:] {
		l.Label = max(l.Label, labelled[i].Label+15)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := texttemplate.Must(texttemplate.New("").Parse(svg)).Execute(f, c); err != nil {
		return err
	}
	return f.Close()
}

// plot draws the plots of the page.
func plot(file, to string) error {
	lines, err := load(file)
	if err != nil {
		return err
	}
	values := func(store, measure string) (points [][2]float64) {
		for _, l := range lines {
			if l[0] == store && l[2] == measure {
				users, _ := strconv.ParseFloat(l[1], 64)
				value, _ := strconv.ParseFloat(l[3], 64)
				points = append(points, [2]float64{users, value})
			}
		}
		slices.SortFunc(points, func(a, b [2]float64) int { return cmp.Compare(a[0], b[0]) })
		return points
	}
	last := func(store, measure string) float64 {
		p := values(store, measure)
		if len(p) == 0 {
			return math.NaN()
		}
		return p[len(p)-1][1]
	}
	straight := func(name string, number int, perUser, of float64) *line {
		return &line{Name: name, Number: number, Broken: true, points: [][2]float64{{1e4, of + perUser*1e4}, {mostUsers, of + perUser*mostUsers}}}
	}

	calls := &chart{
		Title: "Pages of PostgreSQL that one call of the store touches", X: "accounts in the table", Y: "pages of 8 KiB",
		Text: "Each line is nearly level from ten thousand accounts to a million: no call reads more because there are more users.",
	}
	for _, o := range []struct{ name, measure string }{
		{"DeleteDue, of 500 grants", ""}, {"read of 500 accounts", ""}, {"List, 200 accounts", ""},
		{"change of an account", ""}, {"read of 1 account", ""}, {"Due, with nothing due", "Due, of accounts, with nothing due"},
	} {
		if points := values("postgres", cmp.Or(o.measure, o.name)+": touched"); len(points) > 0 {
			calls.Lines = append(calls.Lines, &line{Name: o.name, points: points})
		}
	}

	bytes := &chart{
		Title: "What is stored for all users", X: "users, with one sign-in each a day", Y: "GB, with indexes",
		Text: "Straight lines: some gigabytes for a million users, some hundred for a hundred million.",
	}
	for i, s := range []struct{ store, name string }{{"mariadb", "MariaDB: all"}, {"sqlite", "SQLite: all"}, {"postgres", "PostgreSQL: all"}, {"redis", "Redis: grants"}} {
		perUser := keptGrants * last(s.store, "stored for each grant, with indexes")
		if s.store != "redis" {
			perUser += last(s.store, "stored for each account, with indexes") + last(s.store, "stored for each address, with indexes")
		}
		if !math.IsNaN(perUser) {
			bytes.Lines = append(bytes.Lines, straight(s.name, i+1, perUser/1e9, 0))
		}
	}

	wall := &chart{
		Title: "CPU at the peak, of sign-ins and their requests", X: "users, with one sign-in each a day, ten times the average at the peak", Y: "cores of the measured machine",
		Text: "Nodes take two to three times the CPU of their database. A million users take one to some cores, a hundred million some hundred.",
	}
	for i, s := range []struct{ store, measure, name string }{
		{"postgres", "CPU of the node", "the nodes"},
		{"mariadb", "CPU of the database's connections", "MariaDB"},
		{"postgres", "CPU of the database's connections", "PostgreSQL"},
		{"redis", "CPU of the database's connections", "PostgreSQL and Redis"},
	} {
		perSignIn := last(s.store, "sign-in by push: "+s.measure) + verifiedRequests*last(s.store, cold.name+": "+s.measure)
		if !math.IsNaN(perSignIn) {
			wall.Lines = append(wall.Lines, straight(s.name, i+1, perSignIn/1e6*peakPerUser, 0))
		}
	}
	for name, c := range map[string]*chart{"calls.svg": calls, "bytes.svg": bytes, "cpu.svg": wall} {
		if len(c.Lines) == 0 {
			continue
		}
		if err := c.draw(filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}

// keptGrants are the grants of a user with one sign-in a day: a proof for two days, and
// where its session's former ID leads, for one.
const keptGrants = 3
