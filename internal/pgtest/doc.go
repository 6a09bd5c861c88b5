// Package pgtest gives tests a real Postgres: one throw-away cluster per test binary, one fresh database per call.
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
//	func TestIt(t *testing.T) { url := pgtest.New(t); … }
//
// It finds initdb and postgres on the PATH or where Debian puts them, listens on a Unix socket alone, and works for
// root too, who may not run Postgres: the server then runs as nobody. Where none is installed, tests that need it are
// skipped with a message; with CI=true they fail, since a skip would hide them.
package pgtest
