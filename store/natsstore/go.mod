module github.com/eagate/eagate/store/natsstore

go 1.25.1

require (
	github.com/eagate/eagate v0.0.0
	github.com/nats-io/nats.go v1.53.0
)

require (
	github.com/klauspost/compress v1.18.5 // indirect
	github.com/nats-io/nkeys v0.4.15 // indirect
	github.com/nats-io/nuid v1.0.1 // indirect
	golang.org/x/crypto v0.55.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)

replace github.com/eagate/eagate => ../..
