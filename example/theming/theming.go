// Package theming gives the gate's pages the header, footer, logo and colours of an
// application, a template of its own, and one more language.
package theming

import (
	"embed"

	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/templates"
)

//go:embed layout.html logo.svg
var layout embed.FS

//go:embed required.html
var pages embed.FS

//go:embed nl.json
var languages embed.FS

// Look is an option of the gate.
var Look = middleware.WithPages(
	templates.WithTheme(templates.Theme{Accent: "#0b6e4f", Radius: "4px", Logo: templates.Image{FS: layout, Name: "logo.svg"}}),
	templates.WithLayout(layout),
	templates.WithTemplates(pages),
	templates.WithTranslations(languages),
	templates.WithLinks(templates.Links{Help: "/help", Privacy: "/privacy"}),
)
