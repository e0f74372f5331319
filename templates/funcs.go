package templates

import (
	"fmt"
	"html/template"
	"time"
)

// funcs are what the templates of one language can call.
func funcs(t texts) template.FuncMap {
	return template.FuncMap{
		"t":        t.format,
		"duration": t.duration,
		"clock":    clock,
		"seconds":  seconds,
		"utc":      func(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") },
		"iso":      func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
		"qr":       QR,
		"css":      css,
		"script":   script,
	}
}

// clock shows d as minutes and seconds.
func clock(d time.Duration) string {
	n := seconds(d)
	return fmt.Sprintf("%d:%02d", n/60, n%60)
}

func seconds(d time.Duration) int { return max(0, int(d/time.Second)) }

func css() (template.CSS, error) {
	text, err := files.ReadFile("html/style.css")
	return template.CSS(text), err
}

// script returns the script of a page that has one.
func script(page string) (template.JS, error) {
	switch page {
	case challengePage, enablePage, securityPage:
		text, err := files.ReadFile("html/" + page + ".js")
		return template.JS(text), err
	}
	return "", nil
}
