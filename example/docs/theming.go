package docs

import (
	"os"

	"github.com/eagate/eagate/templates"
)

func _() {
	os.Stdout.WriteString(templates.Original("required.html"))
	templates.WriteTranslation(os.Stdout, "de")
}
