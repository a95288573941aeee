-- What operators and users did (not calls): append-only, each row chained to the one before.
-- hash = SHA-256(previous row's hash || canonical bytes of this row). See src/records/audit.h.
CREATE TABLE audit (
  id $ID,                                -- without a gap
  at_us BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  account_id BIGINT NOT NULL,            -- 0 = the deployment's
  origin TEXT NOT NULL,                  -- from where
  detail TEXT NOT NULL,                  -- a JSON object
  hash $BYTES NOT NULL
);
CREATE INDEX audit_account ON audit (account_id, id);

-- Where each node's chain ends, so that a cut tail is seen.
CREATE TABLE audit_head (
  node BIGINT NOT NULL PRIMARY KEY,
  audit_id BIGINT NOT NULL,
  hash $BYTES NOT NULL
);
INSERT INTO audit_head (node, audit_id, hash) VALUES (0, 0, '');
