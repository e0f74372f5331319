package browser_test

import (
	"context"
	"errors"
	"strings"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/chromedp"
)

// byRole finds elements by role and accessible name, as people with a screen reader do:
// another design keeps them.
func byRole(role, name string) chromedp.QueryOption {
	return chromedp.ByFunc(func(ctx context.Context, t *chromedp.Target, n *chromedp.Node) ([]cdp.NodeID, error) {
		found, err := cdp.Call(ctx, t, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{NodeID: n.NodeID, Role: role, AccessibleName: name})
		if err != nil {
			return nil, unlessGone(err)
		}
		var ids []cdp.BackendNodeID
		for _, node := range found.Nodes {
			if !node.Ignored {
				ids = append(ids, node.BackendDOMNodeID)
			}
		}
		if len(ids) == 0 {
			return nil, nil
		}
		nodes, err := cdp.Call(ctx, t, dom.PushNodesByBackendIDsToFrontend, dom.PushNodesByBackendIDsToFrontendParams{BackendNodeIDs: ids})
		return nodes.NodeIDs, unlessGone(err)
	})
}

// unlessGone drops an error of the browser's own: that the page has just gone, on which
// something was looked for.
func unlessGone(err error) error {
	if errors.As(err, new(*cdproto.Error)) {
		return nil
	}
	return err
}

// The roles that are looked for.
const (
	button   = "button"
	checkbox = "checkbox"
	field    = "textbox"
	link     = "link"
	opener   = "DisclosureTriangleGrouped" // as Chromium calls what opens one of several details
)

// find waits for an element.
func (b *tab) find(role, name string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(role+" "+name, byRole(role, name)))
}

// push clicks an element as soon as it is there.
func (b *tab) push(role, name string) {
	b.t.Helper()
	b.do(chromedp.Click(role+" "+name, byRole(role, name)))
}

// fill types a text into the field of that name.
func (b *tab) fill(name, text string) {
	b.t.Helper()
	b.do(chromedp.SendKeys(name, text, byRole(field, name)))
}

// value is what the field of that name has in it.
func (b *tab) value(name string) string {
	b.t.Helper()
	return get(b, chromedp.Value(name, byRole(field, name)))
}

// wantNotice waits until the page says that in a status message.
func (b *tab) wantNotice(want string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible("status: "+want, chromedp.ByFunc(func(ctx context.Context, t *chromedp.Target, n *chromedp.Node) ([]cdp.NodeID, error) {
		found, err := cdp.Call(ctx, t, dom.QuerySelectorAll, dom.QuerySelectorAllParams{NodeID: n.NodeID, Selector: `[role="status"]`})
		if err != nil {
			return nil, unlessGone(err)
		}
		for _, id := range found.NodeIDs {
			html, err := cdp.Call(ctx, t, dom.GetOuterHTML, dom.GetOuterHTMLParams{NodeID: id})
			if err == nil && strings.Contains(html.OuterHTML, want) {
				return []cdp.NodeID{id}, nil
			}
		}
		return nil, nil
	})))
}
