-- The outbox: what happened that somebody may want to hear of. A row is written in the transaction of its cause, so it is there
-- exactly when the cause is; delivering it is somebody else's work. See docs/reference/events.md.
CREATE TABLE event (
  id $ID,                                -- in the order of writing
  type TEXT NOT NULL,                    -- 'balance.low', ...
  account_id BIGINT NOT NULL,            -- 0 = the operator's own
  dedupe TEXT,                           -- one event per account, type and dedupe; NULL = no such bound
  data TEXT NOT NULL,                    -- a JSON object
  at_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX event_once ON event (account_id, type, dedupe);
CREATE INDEX event_account ON event (account_id, id);
