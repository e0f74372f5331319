package templates

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/eagate/eagate/internal/markup"
)

// An Image is a file of the application, or a URL. The zero value is no image.
type Image struct {
	// FS, such as an [embed.FS], and Name are where the file is: an SVG, PNG, JPEG, WebP,
	// GIF or ICO of at most 256 KiB. [New] reads it, and refuses an SVG with scripts or
	// links. The gate serves it below its base path, from memory.
	FS   fs.FS
	Name string

	// URL is an https URL, instead of a file. The pages' Content-Security-Policy then
	// allows images from its origin.
	URL string
}

// maxImage is the size of a file, in bytes: every user loads it before signing in.
const maxImage = 256 << 10

// A picture is an image that was read and checked: an asset, or a URL.
type picture struct {
	name string // of the asset
	url  string // or that of another origin
	kind string // the media type of the asset, or empty
	body string
}

// imageTypes are the media types of images, with the endings of their assets' names.
var imageTypes = map[string]string{
	"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif", "image/x-icon": "ico",
}

// address returns the address that the pages load, or "".
func (p picture) address(base string) string {
	if p.kind != "" {
		return base + "/assets/" + p.name
	}
	return p.url
}

// open returns the picture; as is the beginning of its asset's name.
func (i Image) open(as string) (picture, error) {
	switch {
	case i == Image{}:
		return picture{}, nil
	case i.URL != "" && (i.FS != nil || i.Name != ""):
		return picture{}, errors.New("both a file and a URL: set one of them")
	case i.URL != "":
		u, err := url.Parse(i.URL)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || markup.Origin(u) == "" {
			return picture{}, fmt.Errorf("%q is no https URL: use one, or a file by FS and Name", i.URL)
		}
		return picture{url: i.URL}, nil
	case i.FS == nil:
		return picture{}, fmt.Errorf("no FS that has %q: set it", i.Name)
	}
	body, err := readFile(i.FS, i.Name, maxImage)
	if err != nil {
		return picture{}, err
	}
	kind, err := imageType(body)
	if err != nil {
		return picture{}, fmt.Errorf("%q: %w", i.Name, err)
	}
	return picture{name: as + "-" + contentHash(body) + "." + imageTypes[kind], kind: kind, body: string(body)}, nil
}

// imageType returns the media type of an image, by its content.
func imageType(body []byte) (string, error) {
	kind := http.DetectContentType(body)
	if _, ok := imageTypes[kind]; ok {
		return kind, nil
	}
	if bytes.Contains(body, []byte("<svg")) {
		return "image/svg+xml", checkSVG(body)
	}
	return "", fmt.Errorf("no SVG, PNG, JPEG, WebP, GIF or ICO, but %s: convert it", kind)
}

// checkSVG refuses what an image has no use for. The pages load it as an image, in which
// browsers run nothing; but its address can also be opened as a page.
func checkSVG(body []byte) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	root := true
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if root {
				return errors.New("no SVG")
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("no SVG: %w", err)
		}
		switch token := token.(type) {
		case xml.Directive:
			if bytes.Contains(bytes.ToUpper(token), []byte("ENTITY")) {
				return errors.New("an SVG that declares entities: remove them")
			}
		case xml.StartElement:
			if root && (token.Name.Local != "svg" || token.Name.Space != "http://www.w3.org/2000/svg") {
				return errors.New(`no SVG: its root must be <svg xmlns="http://www.w3.org/2000/svg">`)
			}
			root = false
			if err := checkSVGElement(token); err != nil {
				return err
			}
		}
	}
}

func checkSVGElement(e xml.StartElement) error {
	switch strings.ToLower(e.Name.Local) {
	case "script", "foreignobject", "iframe", "handler":
		return fmt.Errorf("an SVG with <%s>: remove it", e.Name.Local)
	}
	for _, a := range e.Attr {
		name := strings.ToLower(a.Name.Local)
		target := strings.ToLower(strings.TrimSpace(a.Value))
		switch {
		case strings.HasPrefix(name, "on"):
			return fmt.Errorf("an SVG with the event handler %s: remove it", a.Name.Local)
		case name == "href" && !strings.HasPrefix(target, "#") && !strings.HasPrefix(target, "data:image/"):
			return fmt.Errorf("an SVG with a link to %q: images load nothing: remove it", a.Value)
		}
	}
	return nil
}
