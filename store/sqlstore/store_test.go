package sqlstore_test

import (
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store/sqlstore"
	"github.com/eagate/eagate/store/storetest"
)

func TestConforms(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		subject := storetest.Subject{Kill: d.kill}
		var opts []sqlstore.Option
		if d.dialect == sqlstore.PostgreSQL {
			opts = append(opts, sqlstore.WithListener(listen(d.source)))
		}
		for range 3 {
			subject.Handles = append(subject.Handles, d.store(t, opts...))
		}
		closed := d.open(t)
		subject.Unreachable = open(t, closed, d.dialect)
		expect.NoError(t, closed.Close())
		storetest.Run(t, func(*testing.T) storetest.Subject { return subject })
	})
}
