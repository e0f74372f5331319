package templates_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate/templates"
)

func TestRequired(t *testing.T) {
	const (
		start = `<form method="post" action="/2fa/enable">`
		later = `<a href="/account">Later</a>`
		leave = `<form method="post" action="/2fa/cancel"`
	)
	at := time.Date(2026, 3, 4, 10, 15, 0, 0, time.UTC)
	p := newPages(t)
	for _, tt := range []struct {
		name     string
		due      time.Time
		has, not []string
	}{
		{"now", time.Time{}, []string{`data-page="required"`, "Acme requires it", "alice@example.com", start, leave}, []string{"<time", later}},
		{"later", at, []string{start, later, `<time datetime="2026-03-04T10:15:00Z">`}, []string{leave}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkText(t, render(t, p, templates.Required{Page: plainPage(templates.English), Due: tt.due}), tt.has, tt.not)
		})
	}
}
