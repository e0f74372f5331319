package docs

import (
	"context"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/middleware"
)

var _ = []middleware.Option{
	middleware.WithNotifier(middleware.NotifierFunc(func(ctx context.Context, n middleware.Notice) error {
		user, err := users.Find(ctx, n.UserID)
		if err != nil {
			return err // Notify is called again
		}
		n = n.In(user.Language)
		return mail.Send(ctx, user.Email, n.Subject, n.Text)
	})),
	middleware.WithRequired(func(u eagate.User) eagate.Requirement {
		if isStaff(u.ID) {
			return eagate.Require(14 * 24 * time.Hour) // 0: at once
		}
		return eagate.Optional()
	}),
}
