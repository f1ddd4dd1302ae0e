-- The first schema. The public face is the views calls, costs_hourly, projects and call_bodies; tables may change.
--
-- Sizes decide the layout. A call is a narrow row: whatever repeats from call to call (models, code locations, sessions)
-- is text in a small table, written once, and an integer in the row. Measured: docs/adr/0002-storage-layout.md.

CREATE TABLE costkey.project (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug           text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    name           text NOT NULL,
    retention_days integer NOT NULL DEFAULT 90 CHECK (retention_days BETWEEN 1 AND 3650),
    capture_body   boolean NOT NULL DEFAULT false,
    created_at     timestamptz NOT NULL DEFAULT now()
);

-- The interned tables. key is the first 128 bits of SHA-256 over the row's values, since the values themselves can be
-- longer than an index entry may be. Rows are written before the calls that name them, in transactions of their own,
-- and never change.

-- One row of costs_hourly's dimensions.
CREATE TABLE costkey.cell (
    id              integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key             uuid NOT NULL UNIQUE,
    service_name    text,
    service_version text,
    environment     text,
    provider        text,
    operation       text,
    model           text,
    priced_model    text,
    function_name   text,
    file_path       text
);

-- What else repeats from call to call and has few values.
CREATE TABLE costkey.variant (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key            uuid NOT NULL UNIQUE,
    request_model  text,
    response_model text,
    service_tier   text,
    scope_name     text,
    client         boolean NOT NULL,        -- span kind CLIENT
    streaming      boolean NOT NULL,
    cost_status    text NOT NULL CHECK (cost_status IN
        ('priced', 'free', 'reported', 'unknown_model', 'no_price', 'no_usage', 'not_billed')),
    http_status    integer,
    error_type     text,
    host           text,
    notes          text[],
    catalogue      text,                    -- the version of the price catalogue that priced the call
    usage_template text                     -- provider_usage with "?" where the numbers of call.usage_numbers go
);

CREATE TABLE costkey.path (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key         uuid NOT NULL UNIQUE,
    line_number integer,
    call_path   text[]
);

-- Sessions, users and tags have many values that go out of use: one partition a day, dropped with the calls of that day.
-- An id is unique within its day only, so that the sequences may wrap. Tags stand apart from sessions: a tag that differs
-- from call to call must not repeat the session with each of its values.
CREATE SEQUENCE costkey.session_id AS integer CYCLE;
CREATE TABLE costkey.session (
    day        date NOT NULL,
    id         integer NOT NULL DEFAULT nextval('costkey.session_id'),
    key        uuid NOT NULL,
    session_id text,
    user_id    text,
    PRIMARY KEY (day, id)
) PARTITION BY RANGE (day);
ALTER SEQUENCE costkey.session_id OWNED BY costkey.session.id;

CREATE SEQUENCE costkey.tagset_id AS integer CYCLE;
CREATE TABLE costkey.tagset (
    day  date NOT NULL,
    id   integer NOT NULL DEFAULT nextval('costkey.tagset_id'),
    key  uuid NOT NULL,
    tags jsonb,
    PRIMARY KEY (day, id)
) PARTITION BY RANGE (day);
ALTER SEQUENCE costkey.tagset_id OWNED BY costkey.tagset.id;

-- One call to a provider. Partitions of one UTC day each, made by the writers as they are needed. Uniqueness lives on the
-- partitions (storage/queries/create_partition.sql): a unique index on the parent would have to hold started_at.
-- Columns stand by alignment: 8 bytes, uuid, 4 bytes, 1 byte, variable.
CREATE TABLE costkey.call (
    started_at        timestamptz NOT NULL,
    span_id           bigint NOT NULL,      -- the 8 bytes of the id, big-endian
    parent_span_id    bigint,
    duration_us       bigint CHECK (duration_us >= 0),
    first_token_us    bigint CHECK (first_token_us >= 0),
    trace_id          uuid NOT NULL,
    project_id        integer NOT NULL,
    cell_id           integer NOT NULL,
    variant_id        integer NOT NULL,
    path_id           integer,
    session_id        integer,
    tagset_id         integer,
    input_tokens      integer CHECK (input_tokens >= 0),
    cache_read_tokens integer CHECK (cache_read_tokens >= 0),
    cache_write_tokens integer CHECK (cache_write_tokens >= 0),
    output_tokens     integer CHECK (output_tokens >= 0),
    reasoning_tokens  integer CHECK (reasoning_tokens >= 0),
    response_repeated boolean,              -- true where another call of the day has this response_id, else NULL
    cost_usd          numeric CHECK (cost_usd >= 0),
    reported_cost_usd numeric,
    response_id       text,
    usage_numbers     text,                 -- the numbers of provider_usage, by commas
    usage_detail      jsonb                 -- counts that entered the price and have no column of their own
) PARTITION BY RANGE (started_at);

CREATE TABLE costkey.call_body (
    started_at    timestamptz NOT NULL,
    span_id       bigint NOT NULL,
    trace_id      uuid NOT NULL,
    project_id    integer NOT NULL,
    request_body  text,
    response_body text
) PARTITION BY RANGE (started_at);

-- Hourly sums, in two parts: hourly holds what has been merged, hourly_delta what writers added since. Each writer only
-- appends, in the transaction of its calls, so that two writers never wait for each other's hot rows; the view adds both.
-- *_known counts the calls whose value is known: a sum over none is NULL, not 0.
CREATE TABLE costkey.hourly (
    project_id         integer NOT NULL,
    hour               timestamptz NOT NULL,
    cell_id            integer NOT NULL,
    calls              bigint NOT NULL,
    errors             bigint NOT NULL,
    unpriced_calls     bigint NOT NULL,
    input_known        bigint NOT NULL,
    input_tokens       bigint NOT NULL,
    cache_read_known   bigint NOT NULL,
    cache_read_tokens  bigint NOT NULL,
    cache_write_known  bigint NOT NULL,
    cache_write_tokens bigint NOT NULL,
    output_known       bigint NOT NULL,
    output_tokens      bigint NOT NULL,
    cost_usd           numeric NOT NULL,
    PRIMARY KEY (hour, project_id, cell_id)
);
CREATE TABLE costkey.hourly_delta (LIKE costkey.hourly);

-- Puts the numbers back into a usage template.
CREATE FUNCTION costkey.fill_usage(template text, numbers text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT string_agg(fragment || coalesce(number, ''), '' ORDER BY n)::jsonb
            FROM unnest(string_to_array(template, '?'), string_to_array(numbers, ','))
                 WITH ORDINALITY AS t (fragment, number, n));

CREATE VIEW costkey.projects AS
    SELECT slug, name, retention_days, capture_body, created_at FROM costkey.project;

CREATE VIEW costkey.calls AS
    SELECT p.slug AS project,
           encode(uuid_send(c.trace_id), 'hex') AS trace_id,
           lpad(to_hex(c.span_id), 16, '0') AS span_id,
           lpad(to_hex(c.parent_span_id), 16, '0') AS parent_span_id,
           c.started_at,
           c.duration_us / 1000.0::double precision AS duration_ms,
           c.first_token_us / 1000.0::double precision AS time_to_first_token_ms,
           c.output_tokens / nullif(
               (c.duration_us - coalesce(c.first_token_us, 0)) / 1000000.0::double precision, 0)
               AS output_tokens_per_second,
           d.service_name,
           d.service_version,
           d.environment,
           d.provider,
           d.operation,
           v.request_model,
           v.response_model,
           d.priced_model,
           c.input_tokens::bigint,
           c.cache_read_tokens::bigint,
           c.cache_write_tokens::bigint,
           c.output_tokens::bigint,
           c.reasoning_tokens::bigint,
           c.cost_usd,
           v.cost_status,
           d.function_name,
           d.file_path,
           l.line_number,
           l.call_path,
           v.streaming,
           v.http_status,
           v.error_type,
           s.session_id,
           s.user_id,
           coalesce(t.tags, '{}') AS tags,
           EXISTS (SELECT FROM costkey.call_body b
                   WHERE b.started_at = c.started_at AND b.trace_id = c.trace_id
                     AND b.span_id = c.span_id AND b.project_id = c.project_id) AS has_body,
           c.response_id,
           v.service_tier,
           c.reported_cost_usd,
           costkey.fill_usage(v.usage_template, c.usage_numbers) AS provider_usage,
           coalesce(v.notes, '{}') AS notes
    FROM costkey.call c
    JOIN costkey.project p ON p.id = c.project_id
    LEFT JOIN costkey.cell d ON d.id = c.cell_id
    LEFT JOIN costkey.variant v ON v.id = c.variant_id
    LEFT JOIN costkey.path l ON l.id = c.path_id
    LEFT JOIN costkey.session s ON s.id = c.session_id AND s.day = (c.started_at AT TIME ZONE 'UTC')::date
    LEFT JOIN costkey.tagset t ON t.id = c.tagset_id AND t.day = (c.started_at AT TIME ZONE 'UTC')::date;

CREATE VIEW costkey.call_bodies AS
    SELECT p.slug AS project,
           encode(uuid_send(b.trace_id), 'hex') AS trace_id,
           lpad(to_hex(b.span_id), 16, '0') AS span_id,
           b.request_body,
           b.response_body
    FROM costkey.call_body b
    JOIN costkey.project p ON p.id = b.project_id;

CREATE VIEW costkey.costs_hourly AS
    SELECT p.slug AS project,
           s.hour,
           d.service_name,
           d.service_version,
           d.environment,
           d.provider,
           d.operation,
           d.model,
           d.priced_model,
           d.function_name,
           d.file_path,
           s.calls,
           s.errors,
           s.unpriced_calls,
           CASE WHEN s.input_known > 0 THEN s.input_tokens END AS input_tokens,
           CASE WHEN s.cache_read_known > 0 THEN s.cache_read_tokens END AS cache_read_tokens,
           CASE WHEN s.cache_write_known > 0 THEN s.cache_write_tokens END AS cache_write_tokens,
           CASE WHEN s.output_known > 0 THEN s.output_tokens END AS output_tokens,
           CASE WHEN s.calls > s.unpriced_calls THEN s.cost_usd END AS cost_usd
    FROM (SELECT project_id,
                 hour,
                 cell_id,
                 sum(calls)::bigint AS calls,
                 sum(errors)::bigint AS errors,
                 sum(unpriced_calls)::bigint AS unpriced_calls,
                 sum(input_known)::bigint AS input_known,
                 sum(input_tokens)::bigint AS input_tokens,
                 sum(cache_read_known)::bigint AS cache_read_known,
                 sum(cache_read_tokens)::bigint AS cache_read_tokens,
                 sum(cache_write_known)::bigint AS cache_write_known,
                 sum(cache_write_tokens)::bigint AS cache_write_tokens,
                 sum(output_known)::bigint AS output_known,
                 sum(output_tokens)::bigint AS output_tokens,
                 sum(cost_usd) AS cost_usd
          FROM (SELECT * FROM costkey.hourly UNION ALL SELECT * FROM costkey.hourly_delta) AS parts
          GROUP BY project_id, hour, cell_id
          HAVING sum(calls) <> 0) AS s
    JOIN costkey.project p ON p.id = s.project_id
    LEFT JOIN costkey.cell d ON d.id = s.cell_id;
