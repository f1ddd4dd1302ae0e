// Package schema keeps the schema costkey: its migrations, the partitions of its days, and who may do what in it.
package schema
