// Package pgtest gives tests a real Postgres: one throw-away cluster per test binary, one fresh database per call.
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
//	func TestIt(t *testing.T) { url := pgtest.New(t); … }
//
// [NewPooled] puts a PgBouncer in transaction mode before the same cluster. [NewServer] starts a cluster of the
// test's own, to stop and start again, or to speak TLS to.
//
// It finds the programs on the PATH or where Debian puts them, Postgres's in the directory that MUSETTE_POSTGRES names
// if it is set. They listen on Unix sockets alone (but for TLS). It works for root too, who may run neither: the servers
// then run as nobody. Where they aren't installed, tests that need them are skipped with a message; with CI=true they
// fail, since a skip would hide them.
package pgtest
