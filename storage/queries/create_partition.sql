-- name: create_partition
-- Makes the partitions of one UTC day. Runs in a transaction of its own under an advisory lock. CREATE … PARTITION OF
-- would lock the parents against writers, ATTACH does not; the tables are empty, so nothing is scanned.
CREATE TABLE costkey.call_{{day}} (LIKE costkey.call INCLUDING CONSTRAINTS);
-- Identity of a call: the same span resent is the same row. By trace first, so that it also finds a trace's calls.
CREATE UNIQUE INDEX call_{{day}}_span ON costkey.call_{{day}} (trace_id, span_id, project_id);
-- Two spans with one response id may be one call seen twice: the writer learns it from this index. Where they are two
-- calls (a mock, a replay, a cache repeats ids) the second is marked and stands outside.
CREATE UNIQUE INDEX call_{{day}}_response ON costkey.call_{{day}} (hashtextextended(response_id, project_id))
    WHERE response_id IS NOT NULL AND response_repeated IS NULL;
ALTER TABLE costkey.call ATTACH PARTITION costkey.call_{{day}} FOR VALUES FROM ('{{from}}') TO ('{{until}}');
CREATE TABLE costkey.call_body_{{day}} (LIKE costkey.call_body);
CREATE UNIQUE INDEX call_body_{{day}}_span ON costkey.call_body_{{day}} (trace_id, span_id, project_id);
ALTER TABLE costkey.call_body ATTACH PARTITION costkey.call_body_{{day}} FOR VALUES FROM ('{{from}}') TO ('{{until}}');
CREATE TABLE costkey.tagset_{{day}} (LIKE costkey.tagset INCLUDING DEFAULTS, UNIQUE (key));
ALTER TABLE costkey.tagset ATTACH PARTITION costkey.tagset_{{day}} FOR VALUES FROM ('{{from_date}}') TO ('{{until_date}}');
