-- What calls write, a row ("page") a transaction instead of a row a call: the bodies are rows in a blob (src/store/rows.h), which
-- page_rows(body) gives to SQL. Rows that are there stay where they are and stay readable. See docs/decisions/0021-pages.md.

-- The request log. Calls are numbered without a gap, behind those of `call`.
CREATE TABLE call_page (
  last_id $ID,
  first_id BIGINT NOT NULL,
  body $BYTES NOT NULL                   -- columns as in call_paged
);

-- Which pages have calls of an account (of one of its sub-accounts; 0 = its own). All calls of a page started in one hour (UTC): those
-- of a span of time are in pages whose newest of the account started in it or less than an hour behind it.
CREATE TABLE call_page_account (
  account_id BIGINT NOT NULL,
  last_us BIGINT NOT NULL,               -- the newest started_us of these calls
  page BIGINT NOT NULL,                  -- call_page.last_id
  sub_account_id BIGINT NOT NULL,
  PRIMARY KEY (account_id, last_us, page, sub_account_id)
) $CLUSTERED;
CREATE INDEX call_page_sub_account ON call_page_account (sub_account_id, last_us) WHERE sub_account_id <> 0;

-- The calls in pages, with the columns of `call`.
CREATE VIEW call_paged AS
  SELECT p.first_id + r.i AS id, r.c0 AS request_id, r.c1 AS correlation_id, r.c2 AS account_id, r.c3 AS key_id, r.c5 AS model,
         r.c6 AS provider, r.c7 AS upstream_model, r.c8 AS operation, r.c9 AS tag, r.c10 AS error_code, r.c11 AS losses,
         r.c12 AS stop_reason, r.c13 AS started_us, r.c14 AS duration_us, r.c15 AS first_byte_us, r.c16 AS status,
         r.c17 AS attempts, r.c18 AS flags, r.c19 AS input, r.c20 AS cached_input, r.c21 AS cache_write, r.c22 AS output,
         r.c23 AS reasoning, r.c24 AS cost_nanos, r.c25 AS operator_cost_nanos, r.c4 AS sub_account_id,
         p.last_id AS page
  FROM call_page p, page_rows(p.body) r;

-- Holds of calls, up to 64 of one transaction with numbers that follow one another. The holds of jobs, and those that were extended,
-- are rows of open_hold.
CREATE TABLE hold_page (
  first_id $ID,
  open BIGINT NOT NULL CHECK (open <> 0), -- bit i: hold first_id + i is open; the row goes when none is
  body $BYTES NOT NULL                   -- account_id, amount, created_us, body as in open_hold
);

-- The journal's entries of calls whose holds were in pages, those of one transaction: last_id - first_id + 1 of them, numbered without a
-- gap. Each has its own hash in the chain, whether it is in a page or a row of `entry`.
CREATE TABLE entry_page (
  last_id $ID,
  first_id BIGINT NOT NULL,
  body $BYTES NOT NULL                   -- columns as in entry_paged
);

-- Where the resolutions of a page's holds are: hold_page.first_id (the row may be gone), entry_page.last_id.
CREATE TABLE resolved_in (
  hold_page BIGINT NOT NULL,
  entry_page BIGINT NOT NULL,
  PRIMARY KEY (hold_page, entry_page)
) $CLUSTERED;

-- The entries in pages, and all entries, with the columns of `entry`.
CREATE VIEW entry_paged AS
  SELECT p.first_id + r.i AS id, r.c0 AS kind, r.c1 AS account_id, r.c2 AS wallet_id, r.c3 AS amount, r.c4 AS hold_id,
         r.c5 AS at_us, NULL AS ref, r.c6 AS body, r.c7 AS hash, p.last_id AS page
  FROM entry_page p, page_rows(p.body) r;
CREATE VIEW entry_all AS
  SELECT id, kind, account_id, wallet_id, amount, hold_id, at_us, ref, body, hash FROM entry
  UNION ALL SELECT id, kind, account_id, wallet_id, amount, hold_id, at_us, ref, body, hash FROM entry_paged;
