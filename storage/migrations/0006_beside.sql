-- Of a span without a row for which a call stands that is not inside it (two instrumentations side by side): that call, and a
-- hash of the scope and the service that saw the span, and of whether it names its answer: a call stands for one such span
-- of each kind only. NULL for all others, as is the span's start.
ALTER TABLE costkey.link ADD COLUMN beside_span_id bigint, ADD COLUMN eye bigint, ADD COLUMN started_at timestamptz;

-- Of two writers that find a span each for one call the later one fails here, and looks again.
CREATE UNIQUE INDEX link_beside ON costkey.link (trace_id, beside_span_id, eye, project_id) WHERE beside_span_id IS NOT NULL;
