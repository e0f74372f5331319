package client

// A secret keeps a text out of whatever prints the struct around it: fmt
// follows no pointer below the top.
type secret struct{ text *string }

func (s secret) reveal() string { return *s.text }
