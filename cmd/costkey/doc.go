// Command costkey looks at, and looks after, a CostKey database from the command line.
//
// It finds the database by --database-url, else COSTKEY_DATABASE_URL, else the private one of a collector that runs on
// --data-dir, COSTKEY_DATA_DIR or .costkey. Exit status: 0, 1 when it could not be done, 2 when it was used wrongly.
package main
