package handlers

// For the fuzz tests.
var (
	LocalPath   = localPath
	IsLocal     = isLocal
	PrefersJSON = prefersJSON
)
