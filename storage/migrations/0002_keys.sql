-- Keys and the settings of projects. A key itself is never stored, only its SHA-256: it has 256 random bits, so that a
-- slow hash would add nothing.

ALTER TABLE costkey.project
    ADD COLUMN default_tags jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(default_tags) = 'object');

CREATE TABLE costkey.api_key (
    id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id   integer NOT NULL REFERENCES costkey.project (id),
    prefix       text NOT NULL UNIQUE, -- the part of the key that may be shown, and by which it is found
    hash         bytea NOT NULL CHECK (octet_length(hash) = 32),
    name         text NOT NULL,
    scopes       text[] NOT NULL CHECK (scopes <@ ARRAY['ingest', 'read'] AND cardinality(scopes) > 0),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz, -- NULL: never
    revoked_at   timestamptz,
    last_used_at timestamptz  -- to about a minute
);
