// Package postgres runs a private PostgreSQL server: the database of a collector whose user named none.
//
// The server is an ordinary child process in a session of its own, so that a Ctrl-C in the terminal reaches the
// collector and not the database, which must still take what the collector's queue holds. It listens on a Unix socket
// inside a directory that only its own account can enter, and on no port.
//
// # Who connects
//
// The role costkey owns the database and is no superuser. It needs a password, which is made with the cluster and kept in
// a file that only the owner of the data directory and root can read: where root starts the collector, other processes of
// the account that the server runs under, such as nobody, do not get in. The DSN names the file, so that libpq and pgx
// read it themselves and neither a DSN nor a command line holds a secret. Nobody connects as the superuser; the package
// needs it only where no server runs, in PostgreSQL's single-user mode. An account that can write the cluster's files can
// of course change all of this: the password keeps out who can only reach the socket.
//
// A cluster of before the role, whose superuser was called costkey and trusted, is changed at its next start.
//
// # On disk
//
//	<data_dir>/lock                 held (flock) by the one living owner, holds its process id
//	<data_dir>/postgres.json        State of the running server, read by Location; removed on stop
//	<data_dir>/postgres.pgpass      mode 0600, the role's password, in the format of ~/.pgpass
//	<home>/postgres/                mode 0700, owned by the server's account
//	<home>/postgres/data            the cluster; PG_VERSION in it decides which programs run it
//	<home>/postgres/data.new        a cluster being made; what is found here at start is thrown away
//	<home>/postgres/server.log      the server's own messages since the last start
//	<home>/postgres/socket          the socket, unless its path is too long; then a directory under /run or /tmp
//
// <home> is data_dir itself. Only where PostgreSQL has to run under another account (it refuses to run as root) and
// that account cannot reach data_dir, it is a directory under /var/lib/costkey; no permission outside is ever changed.
//
// # Life
//
//	Start ─▶ lock ─▶ make the cluster if there is none ─▶ stop a server left by a killed owner ─▶ launch ─▶ ready
//	                                                                                               │  ▲
//	                                                             the server ends by itself: Exited ▼  │ Restart
//	Stop  ◀─────────────────────────────────────────────────────────────────────────────────────── stopped
//
// A cluster is made under another name and renamed when it is whole, so that a kill at any moment leaves either no
// cluster or a good one. A server that outlived its owner is stopped and started anew, never joined by a second one:
// PostgreSQL's own lock file is believed only if the process it names is a server on this very cluster.
//
// The package knows no SQL driver; it speaks to PostgreSQL through its programs, its lock file and signals.
package postgres
