package templates

import (
	"errors"
	"fmt"

	"github.com/eagate/eagate/internal/sitepath"
)

// Links are pages of the application to which the pages of this package link. A path is
// that of a route as the application sees it, such as "/help". An empty string means no
// link.
type Links struct {
	// Help is where users find help, for example if they have neither the phone nor a
	// recovery code: a path, or an https or mailto URL. A path is exempt for GET.
	Help string

	// Password is the path of the page where users change their password, for when someone
	// else may know it. An account that middleware.WithHoldOnRejection has closed is signed
	// out first: so the page should also work for users who aren't signed in, and require
	// another proof than the password, such as a link sent by e-mail. It isn't exempt.
	Password string

	// Privacy is the privacy policy, linked at the foot of every page: a path, or an https
	// or mailto URL. A path is exempt for GET.
	Privacy string
}

// WithLinks sets the links to the application's help, change of the password, and privacy
// policy. Without it, the pages have none. [New] reports what isn't a plain path or, for
// help and privacy policy, an https or mailto URL.
func WithLinks(links Links) Option { return func(c *config) { c.links = &links } }

// Links returns the links that [WithLinks] has set.
func (p *Pages) Links() Links { return p.links }

// check returns what is wrong with each of the links.
func (l *Links) check() (faults []error) {
	if l == nil {
		return nil
	}
	if *l == (Links{}) {
		return []error{errors.New("templates: WithLinks: no links: set one, or leave the option out")}
	}
	for _, link := range [...]struct {
		name, link string
		check      func(string) error
	}{{"Help", l.Help, sitepath.CheckLink}, {"Password", l.Password, sitepath.Check}, {"Privacy", l.Privacy, sitepath.CheckLink}} {
		if link.link == "" {
			continue
		}
		if err := link.check(link.link); err != nil {
			faults = append(faults, fmt.Errorf("templates: WithLinks: %s: %w", link.name, err))
		}
	}
	return faults
}
