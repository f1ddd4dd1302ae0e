-- What settling needs to know of the last minutes. Both tables are emptied by maintenance once the settle window is over.

-- Traces with a call that no response id tells from another span of the same call. A writer appends them with the call and
-- looks at them after its commit, so that of two writers at once the later one sees both spans. Without a unique index
-- writers never wait for each other here.
CREATE TABLE costkey.suspect (
    started_at timestamptz NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    trace_id   uuid NOT NULL,
    project_id integer NOT NULL
);
CREATE INDEX suspect_trace ON costkey.suspect (project_id, trace_id);
CREATE INDEX suspect_written ON costkey.suspect (written_at);

-- Spans that lead from an inner span to an outer one and have no row: wrappers, and spans another one stands for.
CREATE TABLE costkey.link (
    span_id        bigint NOT NULL,
    parent_span_id bigint NOT NULL,
    written_at     timestamptz NOT NULL DEFAULT now(),
    trace_id       uuid NOT NULL,
    project_id     integer NOT NULL,
    PRIMARY KEY (trace_id, span_id, project_id)
);
CREATE INDEX link_written ON costkey.link (written_at);
