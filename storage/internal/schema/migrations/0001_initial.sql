-- The public face is the views calls, costs_hourly, costs_daily, projects, call_bodies and price_changes, and the function
-- trace(); tables may change. Sizes decide the layout: docs/adr/0002-storage-layout.md.
--
-- Every table whose rows belong to a project has project_id in its primary key and in every unique index, as a database
-- that is distributed by project needs it. Partitioned tables have their keys on the partitions (ensure_day).

-- What tells this database from every other one: one row.
CREATE TABLE costkey.database_identity (
    singleton      boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    generation     uuid NOT NULL DEFAULT gen_random_uuid(), -- a new one after a dump was restored: docs/operations.md
    hash_key       bytea NOT NULL CHECK (octet_length(hash_key) = 16),
    oldest_program integer NOT NULL DEFAULT 1 -- the oldest schema version whose programs may work here
);
INSERT INTO costkey.database_identity (hash_key)
VALUES (substring(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) FROM 9 FOR 16));

-- Differs between servers, between starts of one, and between databases.
CREATE FUNCTION costkey.server_identity() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws(' ', pg_postmaster_start_time(), inet_server_addr(), d.oid, i.generation)
    FROM costkey.database_identity i, pg_database d
    WHERE d.datname = current_database()
$$;

-- Ends the transaction of a writer whose interned ids are from another server.
CREATE FUNCTION costkey.check_identity(expected text) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF costkey.server_identity() <> expected THEN
        RAISE EXCEPTION 'the server is another one' USING ERRCODE = 'CK001';
    END IF;
END
$$;

CREATE TABLE costkey.project (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug           text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    name           text NOT NULL,
    retention_days integer NOT NULL DEFAULT 90 CHECK (retention_days BETWEEN 1 AND 400),
    capture_body   boolean NOT NULL DEFAULT false,
    default_tags   jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(default_tags) = 'object'),
    named_by_data  boolean NOT NULL DEFAULT false, -- a client named it; an operator's are not counted against the limit
    expired_until  date,                           -- calls of earlier days were deleted
    created_at     timestamptz NOT NULL DEFAULT now()
);

-- A key itself is never stored, only its SHA-256: it has 256 random bits, so that a slow hash would add nothing.
CREATE TABLE costkey.api_key (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id   bigint NOT NULL REFERENCES costkey.project (id),
    prefix       text NOT NULL UNIQUE, -- the part of the key that may be shown, and by which it is found
    hash         bytea NOT NULL CHECK (octet_length(hash) = 32),
    name         text NOT NULL,
    scopes       text[] NOT NULL CHECK (scopes <@ ARRAY['ingest', 'read'] AND cardinality(scopes) > 0),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz, -- NULL: never
    revoked_at   timestamptz,
    last_used_at timestamptz  -- to about a minute
);

-- The interned tables: what repeats from call to call is written once and named by id. key is the first 128 bits of SHA-256
-- over the row's values, since the values can be longer than an index entry may be. Rows are written before the calls
-- that name them, in transactions of their own, and never change but for used_on, the last day on which a writer named
-- them; maintenance deletes those that nothing names any more.

-- The dimensions of the roll-ups.
CREATE TABLE costkey.dimension_set (
    project_id      bigint NOT NULL,
    id              bigint GENERATED ALWAYS AS IDENTITY,
    key             uuid NOT NULL,
    used_on         date NOT NULL,
    created_on      date NOT NULL,
    streaming       boolean NOT NULL,
    service_name    text,
    service_version text,
    environment     text,
    provider        text,
    operation       text,
    model           text,
    priced_model    text,
    function_name   text,
    file_path       text,
    error_type      text,
    cost_status     text NOT NULL CHECK (cost_status IN
        ('priced', 'free', 'reported', 'unknown_model', 'no_price', 'no_usage', 'not_billed')),
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, key)
);

-- The user's own frames that led to a call, outermost first.
CREATE TABLE costkey.call_path (
    project_id  bigint NOT NULL,
    id          bigint GENERATED ALWAYS AS IDENTITY,
    key         uuid NOT NULL,
    used_on     date NOT NULL,
    created_on  date NOT NULL,
    line_number integer,
    call_path   text[],
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, key)
);

-- All that repeats of a call, its dimensions and its path included.
CREATE TABLE costkey.call_attributes (
    project_id       bigint NOT NULL,
    id               bigint GENERATED ALWAYS AS IDENTITY,
    key              uuid NOT NULL,
    dimension_set_id bigint NOT NULL,
    call_path_id     bigint,
    used_on          date NOT NULL,
    created_on       date NOT NULL,
    http_status      integer,
    client           boolean NOT NULL,  -- span kind CLIENT
    request_model    text,
    response_model   text,
    service_tier     text,
    scope_name       text,
    host             text,
    notes            text[],
    catalogue        text,              -- the version of the price catalogue that priced the call
    usage_template   text,              -- provider_usage without its numbers: see fill_usage()
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, key)
);

CREATE TABLE costkey.tag_set (
    project_id bigint NOT NULL,
    id         bigint GENERATED ALWAYS AS IDENTITY,
    key        uuid NOT NULL,
    used_on    date NOT NULL,
    created_on date NOT NULL,
    tags       jsonb NOT NULL,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, key)
);

-- How many rows a project has made today: it may make so many (rows.Interner).
CREATE INDEX dimension_set_created ON costkey.dimension_set (project_id, created_on);
CREATE INDEX call_path_created ON costkey.call_path (project_id, created_on);
CREATE INDEX call_attributes_created ON costkey.call_attributes (project_id, created_on);
CREATE INDEX tag_set_created ON costkey.tag_set (project_id, created_on);

-- One call to a provider. Partitions of one UTC day each; their keys and indexes stand in ensure_day(). Columns stand by
-- alignment: 8 bytes, uuid, 4 bytes, variable.
CREATE TABLE costkey.call (
    started_at         timestamptz NOT NULL,
    span_id            bigint NOT NULL,      -- the 8 bytes of the id, big-endian
    parent_span_id     bigint,
    duration_us        bigint CHECK (duration_us >= 0),
    first_token_us     bigint CHECK (first_token_us >= 0),
    response_hash      bigint,               -- keyed hash of response_id; NULL where there is none, and where another call of
                                             -- the project and day holds the hash
    project_id         bigint NOT NULL,
    attributes_id      bigint NOT NULL,
    tag_set_id         bigint,
    trace_id           uuid NOT NULL,
    input_tokens       integer CHECK (input_tokens >= 0),
    cache_read_tokens  integer CHECK (cache_read_tokens >= 0),
    cache_write_tokens integer CHECK (cache_write_tokens >= 0),
    output_tokens      integer CHECK (output_tokens >= 0),
    reasoning_tokens   integer CHECK (reasoning_tokens >= 0),
    cost_usd           numeric CHECK (cost_usd >= 0),
    reported_cost_usd  numeric,
    response_id        text,
    usage_numbers      text,                 -- the numbers of provider_usage that no other column has, by commas
    usage_detail       jsonb,                -- counts that entered the price and have no column of their own
    session_id         text,
    user_id            text,
    tags               jsonb                 -- where the project has too many different sets of tags to intern them
) PARTITION BY RANGE (started_at);

CREATE TABLE costkey.call_body (
    started_at    timestamptz NOT NULL,
    span_id       bigint NOT NULL,
    project_id    bigint NOT NULL,
    trace_id      uuid NOT NULL,
    request_body  text,
    response_body text
) PARTITION BY RANGE (started_at);

-- Hourly sums, in two parts: hourly holds what has been merged, in partitions of a month; hourly_delta what writers added
-- since. Each writer only appends, in the transaction of its calls, so that two writers never wait for each other's hot
-- rows; the view adds both. *_known counts the calls whose value is known: a sum over none is NULL, not 0.
CREATE TABLE costkey.hourly (
    hour               timestamptz NOT NULL,
    project_id         bigint NOT NULL,
    dimension_set_id   bigint NOT NULL,
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
    reasoning_known    bigint NOT NULL,
    reasoning_tokens   bigint NOT NULL,
    cost_usd           numeric NOT NULL,
    PRIMARY KEY (hour, project_id, dimension_set_id)
) PARTITION BY RANGE (hour);
CREATE TABLE costkey.hourly_delta (LIKE costkey.hourly);
ALTER TABLE costkey.hourly_delta ADD id bigint GENERATED ALWAYS AS IDENTITY, ADD PRIMARY KEY (project_id, id);

-- Deduplication. The three tables are queues: maintenance empties them when the deduplication window is over.

-- Traces with a call that no response id tells from another span of the same call. A writer appends them with the call and
-- looks at them after its commit, so that of two writers at once the later one sees both spans. Without a unique index
-- on the trace writers never wait for each other here.
CREATE TABLE costkey.pending_trace (
    id         bigint GENERATED ALWAYS AS IDENTITY,
    project_id bigint NOT NULL,
    trace_id   uuid NOT NULL,
    started_at timestamptz NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, id)
);
CREATE INDEX pending_trace_trace ON costkey.pending_trace (project_id, trace_id);

-- Spans that have no row and stand in their trace between those that may have one: wrappers, and spans that the row of
-- another one stands for. Where that other one is not inside the span, replaced_by_span_id names it, and observer is a hash
-- of the scope and the service that saw the span: a call stands for one span of each observer only.
CREATE TABLE costkey.trace_node (
    span_id             bigint NOT NULL,
    parent_span_id      bigint NOT NULL,
    project_id          bigint NOT NULL,
    trace_id            uuid NOT NULL,
    started_at          timestamptz,
    replaced_by_span_id bigint,
    observer            bigint,
    written_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (trace_id, project_id, span_id)
);
CREATE INDEX trace_node_written ON costkey.trace_node (written_at);
CREATE INDEX trace_node_parent ON costkey.trace_node (parent_span_id);
-- Of two writers that find a span each for one call the later one fails here, and looks again.
CREATE UNIQUE INDEX trace_node_replaced ON costkey.trace_node (trace_id, project_id, replaced_by_span_id, observer)
    WHERE replaced_by_span_id IS NOT NULL;

-- Who writes calls, and until when at the earliest: a row for each store of a running collector, brought up to date before
-- what it writes. A store that has been alone for longer than spans of one call lie apart knows from memory what else is
-- there, and need not look.
CREATE TABLE costkey.writer (
    id       uuid PRIMARY KEY,
    wrote_at timestamptz NOT NULL DEFAULT now()
);

-- Calls that could not be written, with the reason, until somebody replays or deletes them or their project's retention
-- ends. call is the call in JSON, as bytes: no text of it can be refused. project is the slug: the project need not exist.
CREATE TABLE costkey.dead_letter (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project     text NOT NULL,
    trace_id    uuid NOT NULL,
    span_id     bigint NOT NULL,
    reason      text NOT NULL, -- bad_value, clocks, failing
    sqlstate    text,
    error       text NOT NULL, -- what was being done and PostgreSQL's message, without any value of the row
    call        bytea NOT NULL,
    written_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (project, trace_id, span_id)
);

-- Who does maintenance: one program, until its lease ends. A row and not a lock of a session: sessions change behind a pooler.
CREATE TABLE costkey.maintenance_lease (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    holder    uuid NOT NULL,
    until     timestamptz NOT NULL
);

-- What maintenance did last, by task: one row for each.
CREATE TABLE costkey.maintenance_task (
    task        text PRIMARY KEY,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,           -- NULL while it runs, and where it was cut short
    done        bigint NOT NULL DEFAULT 0,
    error       text                   -- NULL where it went well
);

-- The record of what repricing changed. A run makes its row when it begins and counts each batch in the batch's own
-- transaction, so that the row of a killed run is exact too; finished_at is NULL there.
CREATE TABLE costkey.price_change (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
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

-- Source maps of JavaScript, by release.
CREATE TABLE costkey.source_map (
    project_id  bigint NOT NULL REFERENCES costkey.project ON DELETE CASCADE,
    release     text NOT NULL CHECK (octet_length(release) BETWEEN 1 AND 200),
    file        text NOT NULL CHECK (octet_length(file) BETWEEN 1 AND 512), -- the generated file's path, relative
    base        text NOT NULL,                                              -- its last element
    map         bytea NOT NULL,                                             -- gzip; without sourcesContent
    size        bigint NOT NULL CHECK (size > 0),                           -- of the map, uncompressed
    uploaded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, release, file)
);
ALTER TABLE costkey.source_map ALTER COLUMN map SET STORAGE EXTERNAL; -- it is compressed already
CREATE INDEX source_map_base ON costkey.source_map (project_id, release, base);

-- The call graphs of Python. The services of a project each send one, and name themselves nowhere: a graph is known by its
-- content.
CREATE TABLE costkey.call_graph (
    project_id  bigint NOT NULL REFERENCES costkey.project ON DELETE CASCADE,
    key         uuid NOT NULL, -- the first 128 bits of SHA-256 of functions
    sdk_version text NOT NULL,
    functions   bytea NOT NULL, -- a JSON object
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, key)
);

-- Queues are emptied all the time: vacuum by count, not by share.
ALTER TABLE costkey.hourly_delta SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
ALTER TABLE costkey.pending_trace SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
ALTER TABLE costkey.trace_node SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

-- Gives a partition the privileges of its parent: COPY goes into partitions by name.
CREATE FUNCTION costkey.copy_privileges(parent regclass, partition regclass) RETURNS void LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    granted record;
BEGIN
    FOR granted IN
        SELECT a.privilege_type, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee
        FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.oid = parent AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('GRANT %s ON %s TO %s', granted.privilege_type, partition, granted.grantee);
    END LOOP;
END
$$;

-- Makes the partitions of one UTC day, and of its month, unless they are there. It runs with its owner's rights: a writer
-- needs none on the schema. CREATE … PARTITION OF would lock the parents against writers, ATTACH does not; the tables are
-- empty, so nothing is scanned.
CREATE FUNCTION costkey.ensure_day(day date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    suffix text := to_char(day, 'YYYYMMDD');
    month  date := date_trunc('month', day::timestamp)::date;
    name   text;
BEGIN
    PERFORM pg_advisory_xact_lock(1668248436, 2); -- "cost", lockPartition
    name := 'hourly_' || to_char(month, 'YYYYMM');
    IF to_regclass('costkey.' || name) IS NULL THEN
        EXECUTE format('CREATE TABLE costkey.%I (LIKE costkey.hourly INCLUDING INDEXES)', name);
        EXECUTE format('ALTER TABLE costkey.hourly ATTACH PARTITION costkey.%I FOR VALUES FROM (%L) TO (%L)', name,
                       month::text || ' 00:00:00+00', (month + interval '1 month')::date::text || ' 00:00:00+00');
        PERFORM costkey.copy_privileges('costkey.hourly', ('costkey.' || name)::regclass);
    END IF;
    IF to_regclass('costkey.call_' || suffix) IS NULL THEN
        name := 'call_' || suffix;
        EXECUTE format('CREATE TABLE costkey.%I (LIKE costkey.call INCLUDING CONSTRAINTS)', name);
        -- Identity of a call: the same span resent is the same row. By trace first, so that it also finds a trace's calls.
        EXECUTE format('ALTER TABLE costkey.%I ADD PRIMARY KEY (trace_id, project_id, span_id)', name);
        -- Two spans with one response id may be one call seen twice: the writer learns it from this index. Where they are two
        -- calls (a mock, a replay, a cache repeats ids) the second stands outside.
        EXECUTE format('CREATE UNIQUE INDEX %I ON costkey.%I (response_hash, project_id) WHERE response_hash IS NOT NULL',
                       name || '_response', name);
        -- What is inside a span, and what stands beside a span, by time: a trace can be long.
        EXECUTE format('CREATE INDEX %I ON costkey.%I (parent_span_id, started_at) WHERE parent_span_id IS NOT NULL',
                       name || '_parent', name);
        EXECUTE format('CREATE INDEX %I ON costkey.%I USING brin (started_at) WITH (pages_per_range = 32, autosummarize = on)',
                       name || '_time', name);
        EXECUTE format('ALTER TABLE costkey.call ATTACH PARTITION costkey.%I FOR VALUES FROM (%L) TO (%L)', name,
                       day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
        PERFORM costkey.copy_privileges('costkey.call', ('costkey.' || name)::regclass);
    END IF;
    IF to_regclass('costkey.call_body_' || suffix) IS NULL THEN
        name := 'call_body_' || suffix;
        EXECUTE format('CREATE TABLE costkey.%I (LIKE costkey.call_body)', name);
        EXECUTE format('ALTER TABLE costkey.%I ADD PRIMARY KEY (trace_id, project_id, span_id)', name);
        EXECUTE format('ALTER TABLE costkey.call_body ATTACH PARTITION costkey.%I FOR VALUES FROM (%L) TO (%L)', name,
                       day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
        PERFORM costkey.copy_privileges('costkey.call_body', ('costkey.' || name)::regclass);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION costkey.ensure_day(date), costkey.copy_privileges(regclass, regclass) FROM PUBLIC;

-- Puts the numbers back into a usage template: "?" is the next of numbers; "?i", "?c", "?w", "?o", "?r" are the call's
-- counts of input, cache-read, cache-write, output and reasoning tokens, "?t" is input and output together, "?f" input
-- without what was read from and written to a cache.
CREATE FUNCTION costkey.fill_usage(template text, numbers text, input bigint, cache_read bigint, cache_write bigint,
                                   output bigint, reasoning bigint) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT string_agg(
                CASE WHEN n = 1 THEN fragment
                     WHEN left(fragment, 1) = 'i' THEN input::text || substr(fragment, 2)
                     WHEN left(fragment, 1) = 'c' THEN cache_read::text || substr(fragment, 2)
                     WHEN left(fragment, 1) = 'w' THEN cache_write::text || substr(fragment, 2)
                     WHEN left(fragment, 1) = 'o' THEN output::text || substr(fragment, 2)
                     WHEN left(fragment, 1) = 'r' THEN reasoning::text || substr(fragment, 2)
                     WHEN left(fragment, 1) = 't' THEN (input + output)::text || substr(fragment, 2)
                     WHEN left(fragment, 1) = 'f'
                         THEN (input - coalesce(cache_read, 0) - coalesce(cache_write, 0))::text || substr(fragment, 2)
                     ELSE coalesce((string_to_array(numbers, ','))[asked], '') || fragment END, '' ORDER BY n)::jsonb
            FROM (SELECT fragment, n,
                         count(*) FILTER (WHERE n > 1 AND left(fragment, 1) NOT IN ('i', 'c', 'w', 'o', 'r', 't', 'f'))
                             OVER (ORDER BY n) AS asked
                  FROM unnest(string_to_array(template, '?')) WITH ORDINALITY AS t (fragment, n)) AS fragments);

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
           a.request_model,
           a.response_model,
           d.priced_model,
           c.input_tokens::bigint,
           c.cache_read_tokens::bigint,
           c.cache_write_tokens::bigint,
           c.output_tokens::bigint,
           c.reasoning_tokens::bigint,
           c.cost_usd,
           d.cost_status,
           d.function_name,
           d.file_path,
           l.line_number,
           l.call_path,
           d.streaming,
           a.http_status,
           d.error_type,
           c.session_id,
           c.user_id,
           coalesce(c.tags, t.tags, '{}') AS tags,
           EXISTS (SELECT FROM costkey.call_body b
                   WHERE b.started_at = c.started_at AND b.trace_id = c.trace_id
                     AND b.span_id = c.span_id AND b.project_id = c.project_id) AS has_body,
           c.response_id,
           a.service_tier,
           c.reported_cost_usd,
           costkey.fill_usage(a.usage_template, c.usage_numbers, c.input_tokens, c.cache_read_tokens, c.cache_write_tokens,
                              c.output_tokens, c.reasoning_tokens) AS provider_usage,
           coalesce(a.notes, '{}') AS notes,
           c.trace_id AS trace_uuid
    FROM costkey.call c
    JOIN costkey.project p ON p.id = c.project_id
    LEFT JOIN costkey.call_attributes a ON a.project_id = c.project_id AND a.id = c.attributes_id
    LEFT JOIN costkey.dimension_set d ON d.project_id = a.project_id AND d.id = a.dimension_set_id
    LEFT JOIN costkey.call_path l ON l.project_id = a.project_id AND l.id = a.call_path_id
    LEFT JOIN costkey.tag_set t ON t.project_id = c.project_id AND t.id = c.tag_set_id;

-- The calls of a trace, by index. The id is 32 hexadecimal digits, as in calls.trace_id.
CREATE FUNCTION costkey.trace(trace_id text) RETURNS SETOF costkey.calls LANGUAGE sql STABLE
    AS $$ SELECT * FROM costkey.calls c WHERE c.trace_uuid = $1::uuid ORDER BY c.started_at, c.span_id $$;

CREATE VIEW costkey.call_bodies AS
    SELECT p.slug AS project,
           encode(uuid_send(b.trace_id), 'hex') AS trace_id,
           lpad(to_hex(b.span_id), 16, '0') AS span_id,
           b.request_body,
           b.response_body
    FROM costkey.call_body b
    JOIN costkey.project p ON p.id = b.project_id;

-- Until they are merged several rows may have one key, some of them negative where a call was taken out: add them up.
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
           CASE WHEN (s.input_known, s.input_tokens) <> (0, 0) THEN s.input_tokens END AS input_tokens,
           CASE WHEN (s.cache_read_known, s.cache_read_tokens) <> (0, 0) THEN s.cache_read_tokens END AS cache_read_tokens,
           CASE WHEN (s.cache_write_known, s.cache_write_tokens) <> (0, 0) THEN s.cache_write_tokens END AS cache_write_tokens,
           CASE WHEN (s.output_known, s.output_tokens) <> (0, 0) THEN s.output_tokens END AS output_tokens,
           CASE WHEN (s.reasoning_known, s.reasoning_tokens) <> (0, 0) THEN s.reasoning_tokens END AS reasoning_tokens,
           CASE WHEN s.calls <> s.unpriced_calls OR s.cost_usd <> 0 THEN s.cost_usd END AS cost_usd
    FROM (SELECT hour, project_id, dimension_set_id, calls, errors, unpriced_calls, input_known, input_tokens,
                 cache_read_known, cache_read_tokens, cache_write_known, cache_write_tokens, output_known, output_tokens,
                 reasoning_known, reasoning_tokens, cost_usd
          FROM costkey.hourly
          UNION ALL
          SELECT hour, project_id, dimension_set_id, calls, errors, unpriced_calls, input_known, input_tokens,
                 cache_read_known, cache_read_tokens, cache_write_known, cache_write_tokens, output_known, output_tokens,
                 reasoning_known, reasoning_tokens, cost_usd
          FROM costkey.hourly_delta) AS s
    JOIN costkey.project p ON p.id = s.project_id
    LEFT JOIN costkey.dimension_set d ON d.project_id = s.project_id AND d.id = s.dimension_set_id;

-- costs_hourly by UTC day: add the rows of one key up.
CREATE VIEW costkey.costs_daily AS
    SELECT project, (hour AT TIME ZONE 'UTC')::date AS day, service_name, service_version, environment, provider, operation,
           model, priced_model, function_name, file_path, calls, errors, unpriced_calls, input_tokens, cache_read_tokens,
           cache_write_tokens, output_tokens, reasoning_tokens, cost_usd
    FROM costkey.costs_hourly;

CREATE VIEW costkey.price_changes AS
    SELECT id, started_at, finished_at, actor, db_role, from_time, to_time, project, provider, model, catalogue,
           calls_seen, calls_changed, newly_priced, newly_unpriced, calls_skipped, difference_usd
    FROM costkey.price_change;
