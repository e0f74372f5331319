// Package templates renders the pages of the second factor: the challenge, the security
// page, the enrolment, and messages.
//
// [New] checks all options, templates and texts and reports every fault; the [Pages] are then
// read-only and safe for concurrent use. [Pages.Render] writes a page. Each page is a [View],
// a struct with the content but not the design: [Challenge], [Security], [Required],
// [Enable], [Recovery], [Devices] or [Message]. [Pages.Notice] returns the texts of messages
// to users.
//
// The pages work without script, load nothing from other servers unless the application
// makes them, and have their style and script inline with a nonce;
// [Pages.ContentSecurityPolicy] returns their policy.
//
// # Options
//
// By default the pages are complete, in all languages of this package. An application makes
// them its own, from little to much:
//
//   - [WithLinks] leads to its help, its privacy policy, and its change of the password.
//   - [WithTheme] sets colours, corners, font, logo and icon.
//   - [WithLanguages] chooses the languages; [WithTexts] and [WithTranslations] change texts
//     and add languages, for which [WriteTranslation] writes a file to start from.
//   - [WithLayout] puts the pages between its own header and footer.
//   - [WithTemplates] replaces the template of a page, of which [Original] is the start.
//
// # How a page is made
//
// New reads the translations (translation.go) into a catalogue for each language
// (catalogue.go), the theme into a look (theme.go, accent.go, font.go, image.go), the layout
// (layout.go) and the templates of pages (override.go), which it renders with samples
// (samples.go) to check them. The templates of a language are parsed when the first page in
// it is shown (parse.go).
//
// Render asks the view for its [Sheet], which each page makes in the file of its name, adds
// the language, the look and the script, and executes the layout, which executes the page's
// template in the directory html. Templates get their texts by {{t "key"}} (text.go); the
// other functions that they can call are in funcs.go.
package templates
