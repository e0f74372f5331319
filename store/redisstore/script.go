package redisstore

import (
	_ "embed"

	"github.com/redis/go-redis/v9"
)

// The scripts say what they take and return. Those on accounts check the witness.
var (
	//go:embed scripts/write.lua
	writeSource string
	//go:embed scripts/write_account.lua
	writeAccountSource string
	//go:embed scripts/read_account.lua
	readAccountSource string
	//go:embed scripts/due.lua
	dueSource string
	//go:embed scripts/list.lua
	listSource string

	writeScript        = script{writeSource, redis.NewScript(writeSource).Hash()}
	writeAccountScript = script{writeAccountSource, redis.NewScript(writeAccountSource).Hash()}
	readAccountScript  = redis.NewScript(readAccountSource)
	listScript         = redis.NewScript(listSource)
)

// A script is one that writes.
type script struct{ source, hash string }
