-- name: create_migrations
CREATE SCHEMA IF NOT EXISTS costkey;
CREATE TABLE costkey.schema_migration (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
