package main

import (
	"cmp"
	"fmt"
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
	l, err := net.Listen("tcp", c.emulator)
	if err != nil {
		return nil, fmt.Errorf("demo: EMULATOR_ADDR: %w", err)
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
