package templates

import (
	"crypto/sha256"
	"encoding/base64"
)

// An Asset is a file that the pages load from {base}/assets/.
type Asset struct {
	Type string // the media type
	Body []byte // not to be changed
	ETag string // quoted, strong, from the content
}

// Asset returns the file of a name, and whether there is one.
func (p *Pages) Asset(name string) (Asset, bool) {
	a, ok := p.assets[name]
	return a, ok
}

// newAsset returns the asset of a file's content.
func newAsset(mediaType string, body []byte) Asset {
	return Asset{mediaType, body, `"` + contentHash(body) + `"`}
}

// contentHash names content: it is part of the names of files that browsers keep for
// long, and of ETags.
func contentHash(body []byte) string {
	sum := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
