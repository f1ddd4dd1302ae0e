-- name: delete_links
-- Forgets the spans without a row that are older than twice the settle window $1: chains outlive their ends.
DELETE FROM costkey.link WHERE written_at < now() - 2 * $1::interval
