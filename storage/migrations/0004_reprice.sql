-- The record of what repricing changed. A run makes its row when it begins and counts each batch in the batch's own
-- transaction, so that the row of a killed run is exact too; finished_at is NULL there.
CREATE TABLE costkey.price_change (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_at     timestamptz NOT NULL DEFAULT now(),
    finished_at    timestamptz,
    actor          text NOT NULL,                      -- as the caller names itself
    db_role        text NOT NULL DEFAULT session_user, -- as PostgreSQL knows the caller
    from_time      timestamptz NOT NULL,               -- starts of calls, inclusive
    to_time        timestamptz NOT NULL,               -- exclusive
    project        text,                               -- the filters, NULL for all
    provider       text,
    model          text,
    catalogue      text NOT NULL,                      -- the version of the prices
    calls_seen     bigint NOT NULL DEFAULT 0,
    calls_changed  bigint NOT NULL DEFAULT 0,
    newly_priced   bigint NOT NULL DEFAULT 0,          -- of calls_changed: the cost was unknown and is known
    newly_unpriced bigint NOT NULL DEFAULT 0,          -- of calls_changed: the cost was known and is unknown
    calls_skipped  bigint NOT NULL DEFAULT 0,          -- changed by others at the same time, again and again
    difference_usd numeric NOT NULL DEFAULT 0          -- what the sum of cost_usd grew by
);

CREATE VIEW costkey.price_changes AS
    SELECT id, started_at, finished_at, actor, db_role, from_time, to_time, project, provider, model, catalogue,
           calls_seen, calls_changed, newly_priced, newly_unpriced, calls_skipped, difference_usd
    FROM costkey.price_change;
