-- Providers' invoices, to be compared with the request log. An invoice is imported once by its outside id; its lines come in
-- parts, and it counts when all are there.
CREATE TABLE provider_invoice (
  id $ID,
  invoice_id TEXT NOT NULL,              -- the provider's
  fingerprint TEXT NOT NULL,             -- SHA-256 (hex) of the imported text: the same id with another text is refused
  imported_us BIGINT NOT NULL,
  line_count BIGINT NOT NULL,
  complete SMALLINT NOT NULL DEFAULT 0   -- 1 = all lines are stored
);
CREATE UNIQUE INDEX provider_invoice_id ON provider_invoice (invoice_id);

CREATE TABLE provider_invoice_line (
  invoice BIGINT NOT NULL REFERENCES provider_invoice (id),
  line BIGINT NOT NULL,                  -- from 1
  day BIGINT NOT NULL,                   -- days since 1970, UTC
  provider TEXT NOT NULL,
  model TEXT NOT NULL,                   -- the provider's name of it
  request_id TEXT NOT NULL,              -- ours, '' = not given
  units BIGINT NOT NULL,                 -- tokens, or what the provider counts
  cost_nanos BIGINT,                     -- USD; NULL = not given
  PRIMARY KEY (invoice, line)
) $CLUSTERED;
