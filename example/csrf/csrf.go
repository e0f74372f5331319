// Package csrf puts four checks against cross-site requests around an application with
// a gate: docs/csrf.md is about them.
package csrf
