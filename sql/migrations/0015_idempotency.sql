-- Replies kept under a caller's Idempotency-Key, written in the transaction that did the work, for a day. The only place where answers rest,
-- so they are sealed. See docs/decisions/0013-idempotency.md.
CREATE TABLE idempotent_reply (
  id $ID,
  account_id BIGINT NOT NULL,
  key_hash $BYTES NOT NULL,              -- SHA-256 of route and key
  fingerprint $BYTES NOT NULL,           -- SHA-256 of method, path, body
  status INTEGER NOT NULL,               -- 0 = carried out, the reply was not kept
  request_id TEXT NOT NULL,              -- of the request that was carried out
  created_us BIGINT NOT NULL,
  reply $BYTES NOT NULL                  -- sealed: header lines, an empty line, the body
);
CREATE UNIQUE INDEX idempotent_reply_key ON idempotent_reply (account_id, key_hash);
CREATE INDEX idempotent_reply_age ON idempotent_reply (created_us);
