package templates

import (
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// formNames are the names of the plural forms, from the Unicode CLDR.
var formNames = [...]string{
	plural.Other: "other", plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many",
}

// formOrder is the order in which files have them.
var formOrder = []plural.Form{plural.Zero, plural.One, plural.Two, plural.Few, plural.Many, plural.Other}

// formOf returns the plural form for n things.
func formOf(tag language.Tag, n int) plural.Form {
	return plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)
}

// pluralForms returns which forms a language needs for numbers of things, and which of them
// are for a single number, so that a text needn't say it: "one day".
func pluralForms(tag language.Tag) (needed, single [len(formNames)]bool) {
	var numbers [len(formNames)]int
	for n := range 201 { // no language begins a new form later, except for millions
		numbers[formOf(tag, n)]++
	}
	for form, count := range numbers {
		needed[form], single[form] = count > 0, count == 1
	}
	needed[plural.Other] = true
	return needed, single
}
