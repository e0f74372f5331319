package markup

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Sources are what a Content-Security-Policy must allow besides the pages' own: origins,
// "'self'" and "data:", each once.
type Sources struct {
	Styles, Images, Fonts []string
}

// Merge adds other sources.
func (s *Sources) Merge(other Sources) {
	for _, source := range other.Styles {
		add(&s.Styles, source)
	}
	for _, source := range other.Images {
		add(&s.Images, source)
	}
	for _, source := range other.Fonts {
		add(&s.Fonts, source)
	}
}

// add adds a source to a list, once.
func add(list *[]string, source string) {
	if !slices.Contains(*list, source) {
		*list = append(*list, source)
	}
}

// policyHost is a host, with or without a port, as a policy can name it.
var policyHost = regexp.MustCompile(`^(?:[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$`)

// Origin returns the origin of an https URL, or "" if a policy can't name it.
func Origin(u *url.URL) string {
	if u.Scheme != "https" || !policyHost.MatchString(u.Host) {
		return ""
	}
	return "https://" + strings.ToLower(u.Host)
}
