-- Who writes calls, and until when at the earliest: a row for each store of a running collector, brought up to date before what it
-- writes. A store that has been alone for longer than spans of one call lie apart knows from memory what else is
-- there, and need not look.
CREATE TABLE costkey.writer (
    id       uuid PRIMARY KEY,
    wrote_at timestamptz NOT NULL DEFAULT now()
);

-- What wrote before this table was there.
INSERT INTO costkey.writer (id) SELECT '00000000-0000-0000-0000-000000000000' WHERE EXISTS (SELECT FROM costkey.call);
