package handlers

// For the fuzz tests.
var (
	LocalPath   = localPath
	FormPath    = formPath
	IsLocal     = isLocal
	PrefersJSON = prefersJSON
)
