-- name: end_lease
DELETE FROM costkey.maintenance_lease WHERE holder = $1
