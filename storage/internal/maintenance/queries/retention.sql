-- name: retention
-- The projects with their retention and the day until which their calls were deleted.
SELECT id, retention_days, expired_until FROM costkey.project ORDER BY id
