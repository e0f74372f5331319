package templates

// Marks above and below the letters need room between the lines.
const tall = `.eagate{line-height:1.75;--lines:1.6}.eagate :is(h1,h2){line-height:1.6}`

// scriptStyles are the rules for languages by their scripts (ISO 15924). Fonts have to be
// named where scripts share letters that are drawn differently. Japanese has no blanks:
// its lines break between phrases.
var scriptStyles = map[string]string{
	"Arab": tall + `.eagate{--local:"Noto Sans Arabic","Geeza Pro"}`,
	"Hans": `.eagate{--local:"PingFang SC","Microsoft YaHei"}`,
	"Hant": `.eagate{--local:"PingFang TC","Microsoft JhengHei"}`,
	"Jpan": `.eagate{--local:"Hiragino Sans","Yu Gothic UI";word-break:auto-phrase}`,
	"Kore": `.eagate{--local:"Apple SD Gothic Neo","Malgun Gothic"}`,
	"Thai": tall + `.eagate{--local:"Noto Sans Thai"}`,
}

// style is what the language adds to the style of all pages.
func (c *catalogue) style() string {
	script, _ := c.tag.Script()
	return scriptStyles[script.String()]
}
