-- Usage by tag, sub-account and model: the daily sums get wider keys instead of a second table, so that a call still costs one
-- statement. A key belongs to one sub-account for ever, so that is no part of the primary key.
ALTER TABLE call ADD COLUMN sub_account_id BIGINT NOT NULL DEFAULT 0;
CREATE INDEX call_sub_account ON call (sub_account_id, started_us) WHERE sub_account_id <> 0;

CREATE TABLE usage_day (
  account_id BIGINT NOT NULL,
  day BIGINT NOT NULL,                   -- days since 1970, UTC, of started_us
  key_id BIGINT NOT NULL,
  model TEXT NOT NULL,
  tag TEXT NOT NULL,                     -- '' = none
  sub_account_id BIGINT NOT NULL,        -- 0 = the account's own keys
  calls BIGINT NOT NULL,
  cost_nanos BIGINT NOT NULL,
  input BIGINT NOT NULL,                 -- all input buckets
  output BIGINT NOT NULL,                -- output and reasoning
  PRIMARY KEY (account_id, day, key_id, model, tag)
) $CLUSTERED;
INSERT INTO usage_day (account_id, day, key_id, model, tag, sub_account_id, calls, cost_nanos, input, output)
  SELECT account_id, started_us / 86400000000, key_id, model, tag, 0, COUNT(*), SUM(cost_nanos),
         SUM(input + cached_input + cache_write), SUM(output + reasoning)
  FROM call GROUP BY account_id, started_us / 86400000000, key_id, model, tag;
DROP TABLE call_day;
