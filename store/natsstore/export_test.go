package natsstore

// Sent returns how many messages a Store's connection has sent.
func Sent(s *Store) uint64 { return s.nc.Stats().OutMsgs }

var (
	DocKey = docKey
	DocID  = docID
)
