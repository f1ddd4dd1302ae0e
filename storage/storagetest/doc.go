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
// The server starts with the first test that asks for a database, on the machine's own PostgreSQL programs, without
// fsync, in a temporary directory, and ends with the process. COSTKEY_TEST_DATABASE_URL names another server instead;
// its user must be allowed to create databases.
//
// The package imports nothing of storage, so that storage's own tests can use it.
package storagetest
