package docs

import (
	"context"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/middleware"
)

func _(count func(kind string)) (_, _ middleware.Option) {
	notices := middleware.WithNotifier(middleware.NotifierFunc(func(ctx context.Context, n middleware.Notice) error {
		user, err := users.Find(ctx, n.UserID)
		if err != nil {
			return err // Notify is called again
		}
		n = n.In(user.Language)
		return mail.Send(ctx, user.Email, n.Subject, n.Text)
	}))

	events := middleware.WithEvents(func(_ context.Context, e eagate.Event) { count(e.Kind.String()) })
	return notices, events
}
