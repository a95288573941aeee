-- What callers of the Responses API may ask for again: answers with their input, sealed, for the time of responses.retention.
-- One that is still running is queued or in_progress; what a stopped process left so is failed at the next start.
CREATE TABLE stored_response (
  id $ID,
  response_id TEXT NOT NULL,
  account_id BIGINT NOT NULL,
  sub_account_id BIGINT NOT NULL,        -- 0 = of the account itself; nobody else of the account reads it
  previous_id TEXT NOT NULL,             -- '' = a conversation's first
  status TEXT NOT NULL,
  background INTEGER NOT NULL,
  created_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL,
  content $BYTES NOT NULL                -- sealed: the lengths of its parts, the request, the input items, the answer, the events
);
CREATE UNIQUE INDEX stored_response_name ON stored_response (response_id);
CREATE INDEX stored_response_age ON stored_response (expires_us);
CREATE INDEX stored_response_account ON stored_response (account_id);
