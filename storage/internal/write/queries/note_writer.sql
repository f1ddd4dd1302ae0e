-- name: note_writer
-- Says that the store $1 writes now.
INSERT INTO costkey.writer (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET wrote_at = now()
