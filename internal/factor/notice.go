package factor

import "context"

// tellUser hands on what the user should hear of, by another way than the pages:
// what makes the account weaker or stronger, and what looks as if somebody else
// knew the password (ASVS 5.0 6.3.5, 6.3.7).
func (r *Rules) tellUser(ctx context.Context, e Event) {
	if r.cfg.Notify == nil {
		return
	}
	switch e.Kind {
	case EventEnabled, EventReplaced, EventDisabled, EventReset, EventRecoveryUsed, EventDeviceAdded, EventWrongCodes, EventBlocked, EventHeld:
	case EventRecoveryMade:
		if e.Reason == reasonFirst {
			return // EventEnabled has just said enough
		}
	case EventRejected:
		if r.cfg.HoldRejected {
			return // EventHeld says more
		}
	case EventPushPaused: // once a day: see tellUnapproved
		return
	case EventCodesOnly, EventPushSent, EventPushFailed, EventPushLimited, EventApproved, EventNotApproved, EventLateReport, EventVerified, EventCodeRefused, EventPaused,
		EventUnblocked, EventDeviceUsed, EventDeviceRevoked, EventRevoked, EventReleased, EventStopped, EventWouldStop:
		return
	}
	r.cfg.Notify(ctx, e)
}
