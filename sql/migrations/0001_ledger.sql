-- The book. Money is BIGINT nano-units (1e-9) of the wallet's currency. Narrow tables on purpose: the writer's time per call is
-- part of the gateway's speed ($ID, $BYTES: the engine's words for a key and for bytes). See docs/reference/ledger.md.

-- What an account may spend. credits and debits only grow; credits - debits = balance, less held = available.
CREATE TABLE wallet (
  id $ID,
  account_id BIGINT NOT NULL,
  kind SMALLINT NOT NULL,                -- 0 main, 1 bonus (spent before main, earliest expiry first)
  status SMALLINT NOT NULL DEFAULT 0,    -- 0 active, 1 frozen, 2 closed
  currency TEXT NOT NULL,                -- fixed at creation
  expires_us BIGINT,                     -- a bonus cannot be spent after it; NULL = never
  credits BIGINT NOT NULL DEFAULT 0 CHECK (credits >= 0),
  debits BIGINT NOT NULL DEFAULT 0 CHECK (debits >= 0),
  held BIGINT NOT NULL DEFAULT 0 CHECK (held >= 0),
  CHECK (credits - debits - held >= 0)   -- the last line of defence, never the mechanism
);
CREATE INDEX wallet_account ON wallet (account_id);
CREATE UNIQUE INDEX wallet_main ON wallet (account_id) WHERE kind = 0;

-- Spent and held by one subject in one period. The cap is the subject's and travels with each hold.
CREATE TABLE budget (
  id $ID,
  subject_kind SMALLINT NOT NULL,        -- 1 key, 2 sub-account, 3 tag
  subject BIGINT NOT NULL,
  period TEXT NOT NULL,                  -- '2026-11', '2026-11-21', '' = for ever
  spent BIGINT NOT NULL DEFAULT 0 CHECK (spent >= 0),
  held BIGINT NOT NULL DEFAULT 0 CHECK (held >= 0),
  UNIQUE (subject_kind, subject, period)
);

-- Open holds only; the row goes when the hold is resolved, and an entry says how.
CREATE TABLE open_hold (
  id $ID,
  account_id BIGINT NOT NULL,
  owner SMALLINT NOT NULL,               -- 0 call: voided at start-up; 1 job: resolved by its job
  amount BIGINT NOT NULL CHECK (amount >= 0),
  created_us BIGINT NOT NULL,
  body $BYTES NOT NULL                     -- canonical: request id, parts (wallet, amount), budgets (id, cap)
);

-- The journal: append-only, one row a movement of one wallet (or a memo), each with one debit and one credit account:
-- kind says the other side. hash = SHA-256(previous row's hash || canonical bytes of this row).
-- id = node * 2^48 + sequence: one chain per node, without a gap.
CREATE TABLE entry (
  id $ID,
  kind SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  wallet_id BIGINT NOT NULL,             -- 0 = moves no wallet
  amount BIGINT NOT NULL CHECK (amount >= 0),
  hold_id BIGINT,
  at_us BIGINT NOT NULL,
  ref TEXT,                              -- the outside name of a credit; books once per account
  body $BYTES NOT NULL,                    -- canonical, by kind: usage lines, ratio, price version, budgets, reason, memo, rate
  hash $BYTES NOT NULL
);
CREATE UNIQUE INDEX entry_hold ON entry (hold_id, kind, wallet_id) WHERE hold_id IS NOT NULL;
CREATE UNIQUE INDEX entry_ref ON entry (account_id, ref) WHERE ref IS NOT NULL;

-- Where each node's chain ends: start-up needs no look at history, and a cut tail is seen.
CREATE TABLE chain_head (
  node BIGINT NOT NULL PRIMARY KEY,
  entry_id BIGINT NOT NULL,
  hold_id BIGINT NOT NULL,               -- the last hold given out
  hash $BYTES NOT NULL
);
INSERT INTO chain_head (node, entry_id, hold_id, hash) VALUES (0, 0, 0, '');
