// Package templates renders the pages of the second factor: the challenge, the security
// page, the enrolment, and messages.
//
// An application gives the options of this package to the gate, which renders the pages:
//
//	//go:embed layout.html logo.svg
//	var files embed.FS
//
//	gate, err := middleware.New(
//		…
//		middleware.WithPages(
//			templates.WithTheme(templates.Theme{Accent: "#0b6e4f", Logo: templates.Image{FS: files, Name: "logo.svg"}}),
//			templates.WithLayout(files),
//			templates.WithLanguages(templates.English, templates.French),
//		),
//	)
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
//   - [WithLayout] puts the pages between its own header and footer, which may show data that
//     middleware.WithLayoutData gives them.
//   - [WithTemplates] replaces the template of a page, of which [Original] is the start.
//
// # Pages
//
// [New] checks all options, templates and texts and reports every fault; the [Pages] are then
// read-only and safe for concurrent use. [Pages.Render] writes a page. Each page is a [View],
// a struct with the content but not the design: [Challenge], [Security], [Required],
// [Enable], [Recovery], [Devices] or [Message]. A template of [WithTemplates] gets it prepared
// as a [Sheet], in which the page's own part is a struct such as [ChallengeSheet].
// [Pages.Notice] returns the texts of messages to users.
package templates
