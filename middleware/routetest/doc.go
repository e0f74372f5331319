// Package routetest checks, in an application's own tests, that a gate of package
// middleware guards all routes but those that are meant to be public.
//
//	func TestAllRoutesAreGuarded(t *testing.T) {
//		if err := routetest.Check(router(), "/login", "POST /logout", "GET /static/*"); err != nil {
//			t.Error(err)
//		}
//	}
//
// [Check] is for a chi router. [CheckPatterns] is for what can't be walked, such
// as an [http.ServeMux]. Both return an error that joins an [*Error] for each
// fault, or nil.
//
// # Public routes
//
// A public route is listed by its pattern as the router has it, including the
// patterns of the routers that it is mounted in: after a method, or alone for all
// methods of the route. "NotFound" lists the handlers that [chi.Mux.NotFound] was
// given, which count as a route. Public routes must exist, and must not be guarded.
//
// The gate's own pages must be served, and must not be guarded themselves. If another
// router serves them, list their path, "/2fa/", as public.
//
// # What is asked
//
// Each route is sent the requests of a session that is locked. The gate knows them by
// their context, which no client can set: it uses neither session nor store, and
// lets through only what is exempt.
//
// Exemptions and rewriting middleware may treat similar paths differently. A route of
// chi is therefore also asked for with a slash at the end or without it, with a second
// slash in front, and with ".json" appended.
//
// # What isn't found
//
//   - An exemption for a part of what one route takes, such as "/users/me" of /users/{id}.
//   - What depends on headers, on the host, or on the order of routes whose expressions
//     match the same paths.
//   - A handler of the application at the gate's base path, which is taken for the gate's pages.
//   - What [chi.Mux.MethodNotAllowed] was given.
package routetest
