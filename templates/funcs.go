package templates

import (
	_ "embed"
	"fmt"
	"html/template"
	"sync"
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
		"pagesCSS": pagesCompact,
		"yes":      func() string { return Yes },

		"languageCSS": func() template.CSS { return template.CSS(c.style()) },

		"toPassword": func() string { return ToPassword },
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

// pagesCompact is what is sent of pagesStyle.
var pagesCompact = sync.OnceValue(func() template.CSS { return template.CSS(compactStyle(pagesStyle)) })

// Yes is the value of a field that says yes: of a box that was ticked.
const Yes = "1"

// popupScript names the script of a challenge page that opens a window.
const popupScript = "popup"

// formsCompact is the script of all pages.
var formsCompact = sync.OnceValue(func() string { return compactScript(formsSource) })

// pageScripts are the scripts of the pages, by the name of the page, a blank, and that of
// another script or nothing. Each begins with that of all forms.
var pageScripts = sync.OnceValue(func() map[string]template.JS {
	times, challenge, enable := compactScript(timesScript), compactScript(challengeScript), compactScript(enableScript)
	all := make(map[string]template.JS)
	for name, script := range map[string]string{
		challengePage + " ": challenge, challengePage + " " + popupScript: challenge + "\n" + compactScript(popupSource),
		enablePage + " ": enable, enablePage + " " + requiredPage: enable + "\n" + times,
		securityPage + " ": times, devicesPage + " ": times, requiredPage + " ": times,
		recoveryPage + " ": compactScript(recoveryScript), messagePage + " ": "",
	} {
		all[name] = template.JS(formsCompact() + "\n" + script)
	}
	return all
})
