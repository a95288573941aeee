-- The request log: one row a finished call, without prompts or answers; and its sums by day, so that "today" and "this month"
-- cost a few rows however many calls there were. See docs/reference/ledger.md.
CREATE TABLE call (
  id $ID,
  request_id TEXT NOT NULL,
  correlation_id TEXT NOT NULL,
  account_id BIGINT NOT NULL,
  key_id BIGINT NOT NULL,
  model TEXT NOT NULL,
  provider TEXT NOT NULL,
  upstream_model TEXT NOT NULL,
  operation TEXT NOT NULL,
  tag TEXT NOT NULL,
  error_code TEXT NOT NULL,
  losses TEXT NOT NULL,
  stop_reason TEXT NOT NULL,
  started_us BIGINT NOT NULL,
  duration_us BIGINT NOT NULL,
  first_byte_us BIGINT NOT NULL,         -- 0 = none
  status INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  flags INTEGER NOT NULL,                -- 1 streamed, 2 estimated, 4 lossless
  input BIGINT NOT NULL,
  cached_input BIGINT NOT NULL,
  cache_write BIGINT NOT NULL,
  output BIGINT NOT NULL,
  reasoning BIGINT NOT NULL,
  cost_nanos BIGINT NOT NULL,
  operator_cost_nanos BIGINT NOT NULL
);
CREATE INDEX call_account ON call (account_id, started_us);

CREATE TABLE call_day (
  account_id BIGINT NOT NULL,
  day BIGINT NOT NULL,                   -- days since 1970, UTC, of started_us
  key_id BIGINT NOT NULL,
  calls BIGINT NOT NULL,
  cost_nanos BIGINT NOT NULL,
  input BIGINT NOT NULL,                 -- all input buckets
  output BIGINT NOT NULL,                -- output and reasoning
  PRIMARY KEY (account_id, day, key_id)
) $CLUSTERED;
