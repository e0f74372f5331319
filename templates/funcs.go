package templates

import (
	_ "embed"
	"fmt"
	"html/template"
	"time"
)

// funcs are what the templates of one language can call.
func funcs(c *catalogue) template.FuncMap {
	return template.FuncMap{
		"t":        c.format,
		"plain":    c.plain,
		"duration": c.duration,
		"clock":    clock,
		"seconds":  seconds,
		"utc":      c.time,
		"iso":      func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
		"qr":       QR,
		"pagesCSS": func() template.CSS { return template.CSS(pagesStyle) },
		"yes":      func() string { return Yes },

		"toPassword": func() string { return ToPassword },
		"script":     script,

		"fieldless": func() template.CSS { return ".typing { display: none; }" }, // of a page that refreshes itself
	}
}

// clock shows d as minutes and seconds.
func clock(d time.Duration) string {
	n := seconds(d)
	return fmt.Sprintf("%d:%02d", n/60, n%60)
}

func seconds(d time.Duration) int { return max(0, int(d/time.Second)) }

var (
	//go:embed html/style.css
	style string
	//go:embed html/pages.css
	pagesStyle string
	//go:embed html/forms.js
	formsSource string
	//go:embed html/challenge.js
	challengeScript string
	//go:embed html/popup.js
	popupSource string
	//go:embed html/enable.js
	enableScript string
	//go:embed html/recovery.js
	recoveryScript string
	//go:embed html/times.js
	timesScript string
)

// Yes is the value of a field that says yes: of a box that was ticked.
const Yes = "1"

// formsScript names the script that all pages have.
const formsScript = "forms"

// popupScript names the script of a challenge page that opens a window.
const popupScript = "popup"

// script returns the script of a page, or the one that it has besides, or "" if
// it has none.
func script(page string) template.JS {
	switch page {
	case formsScript:
		return template.JS(formsSource)
	case challengePage:
		return template.JS(challengeScript)
	case popupScript:
		return template.JS(popupSource)
	case enablePage:
		return template.JS(enableScript)
	case recoveryPage:
		return template.JS(recoveryScript)
	case securityPage, devicesPage, requiredPage:
		return template.JS(timesScript)
	}
	return ""
}
