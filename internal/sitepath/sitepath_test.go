package sitepath_test

import (
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/sitepath"
)

func TestCheckLink(t *testing.T) {
	t.Parallel()
	tests := []struct {
		link string
		ok   bool
	}{
		{"/help", true},
		{"/help/", true},
		{"https://help.example/2fa?from=gate#phone", true},
		{"mailto:help@acme.example?subject=Phone", true},
		{"", false},
		{"help", false},
		{"//help.example/", false},
		{"/a/../b", false},
		{"/a?b", false},
		{"/a\\b", false},
		{"http://help.example/", false},
		{"https:///help", false},
		{"https://a:b@help.example/", false},
		{"https://[help", false},
		{"mailto:", false},
		{"javascript:alert(1)", false},
		{"data:text/html,x", false},
	}
	for _, tt := range tests {
		if err := sitepath.CheckLink(tt.link); (err == nil) != tt.ok {
			t.Errorf("%q: got %v, want ok %v", tt.link, err, tt.ok)
		}
	}
}

func TestIsBelow(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{"/2fa": true, "/2fa/": true, "/2fa/x": true, "/2fab": false, "/": false, "": false} {
		expect.Equal(t, sitepath.IsBelow(path, "/2fa"), want, "%q", path)
	}
}
