package main

import (
	"cmp"
	"log/slog"
	"net"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/client/emulator"
)

// A phone is the emulated service with all its phones.
type phone struct {
	*emulator.Emulator
	listener net.Listener
	origin   string
}

func listenPhone(c config, kept *kept, log *slog.Logger) (*phone, error) {
	l, err := listen("EMULATOR_ADDR", c.emulator, "localhost:9081")
	if err != nil {
		return nil, err
	}
	return &phone{
		Emulator: emulator.New(emulator.Config{
			ClientID: cmp.Or(c.clientID, kept.ClientID),
			APIKey:   cmp.Or(c.apiKey, kept.APIKey),
			Logger:   log,
			State:    kept.Emulator,
			Changed: func(s emulator.State) {
				if err := kept.setEmulator(s); err != nil {
					log.Error("demo: the phone will be forgotten", slog.Any("error", err))
				}
			},
		}),
		listener: l,
		origin:   "http://" + hostPort(c.emulator, l),
	}, nil
}

func (p *phone) client() *client.Client {
	return client.New(p.ClientID(), p.APIKey(), emulator.ClientOptions(p.origin)...)
}

func (p *phone) url() string { return p.origin + emulator.PhonePath }
