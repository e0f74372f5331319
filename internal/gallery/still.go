package gallery

import (
	"encoding/base64"
	"regexp"
	"strings"

	"github.com/eagate/eagate/templates"
)

var moving = []struct {
	pattern *regexp.Regexp
	still   string
}{
	{regexp.MustCompile(`(<script nonce="[^"]*")>`), `$1 type="text/plain">`},
	{regexp.MustCompile(`http-equiv="refresh"`), `name="refresh"`},
	{regexp.MustCompile(` autofocus\b`), ``},
}

// asset is an attribute with the address of one.
var asset = regexp.MustCompile(`"/2fa/assets/([^"]*)"`)

// Still returns the scene's page so that it stays as it is, without a server: its scripts
// don't run, it doesn't refresh itself, nothing has the focus, and the images are in it.
func (s Scene) Still(p *templates.Pages) (string, error) {
	var b strings.Builder
	if err := p.Render(&b, s.View); err != nil {
		return "", err
	}
	page := b.String()
	for _, m := range moving {
		page = m.pattern.ReplaceAllString(page, m.still)
	}
	return asset.ReplaceAllStringFunc(page, func(address string) string {
		a, ok := p.Asset(asset.FindStringSubmatch(address)[1])
		if !ok {
			return address
		}
		return `"data:` + a.Type + `;base64,` + base64.StdEncoding.EncodeToString(a.Body) + `"`
	}), nil
}
