-- Source maps of JavaScript, by release, and the call graphs of Python.

CREATE TABLE costkey.source_map (
    project_id  integer NOT NULL REFERENCES costkey.project ON DELETE CASCADE,
    release     text NOT NULL CHECK (octet_length(release) BETWEEN 1 AND 200),
    file        text NOT NULL CHECK (octet_length(file) BETWEEN 1 AND 512), -- the generated file's path, relative
    base        text NOT NULL,                                              -- its last element
    map         bytea NOT NULL,                                             -- gzip; without sourcesContent
    size        bigint NOT NULL CHECK (size > 0),                           -- of the map, uncompressed
    uploaded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, release, file)
);

-- It is compressed already.
ALTER TABLE costkey.source_map ALTER COLUMN map SET STORAGE EXTERNAL;

CREATE INDEX source_map_base ON costkey.source_map (project_id, release, base);

-- The services of a project each send a graph, and name themselves nowhere: a graph is known by its content.
CREATE TABLE costkey.call_graph (
    project_id  integer NOT NULL REFERENCES costkey.project ON DELETE CASCADE,
    key         uuid NOT NULL, -- the first 128 bits of SHA-256 of functions
    sdk_version text NOT NULL,
    functions   bytea NOT NULL, -- a JSON object
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, key)
);
