// Package storagetest gives tests a real PostgreSQL: one private server per test process, a fresh database per test.
//
//	func TestMain(m *testing.M) { storagetest.Main(m) }
//
//	func TestSomething(t *testing.T) {
//		t.Parallel()
//		dsn := storagetest.DSN(t)
//		…
//	}
//
// The server starts with the first test that asks for a database, without fsync, in a temporary directory, and ends with
// the process. Its programs are those of internal/postgres: the machine's own, else fetched ones, or those in the
// directory that COSTKEY_POSTGRES_BIN names. Its role is no superuser, but may make databases and roles.
//
// COSTKEY_TEST_DATABASE_URL names another server instead; its role must be allowed to make databases. Tests that stop
// and start a server have one of their own all the same.
//
// The package imports nothing of storage, so that storage's own tests can use it.
package storagetest
