-- Top-ups: where customers' coins arrive, what was ordered, what came in. A deposit is credited in the transaction that writes
-- its row, and (rail, external_id) is unique: money from outside is booked once, whatever is replayed.

-- The operator's address book. Addresses only; no key of theirs is ever on this machine. `seal` is an HMAC over the row with a key
-- from data_dir/secret.key: a row changed by hand in the database is not used.
CREATE TABLE topup_address (
  id $ID,
  rail TEXT NOT NULL,
  address TEXT NOT NULL,                   -- base58check, as the customer is shown it
  account_id BIGINT NOT NULL DEFAULT 0,    -- 0 = nobody's yet; set once, for ever
  usable_us BIGINT NOT NULL,               -- not handed out before
  retired_us BIGINT NOT NULL DEFAULT 0,    -- not handed out or shown any more from then on; 0 = in force. Watched all the same
  assigned_us BIGINT NOT NULL DEFAULT 0,
  listed_ms BIGINT NOT NULL DEFAULT 0,     -- transfers of the configured coin are recorded up to this block time
  others_ms BIGINT NOT NULL DEFAULT 0,     -- the same for other coins
  others BIGINT NOT NULL DEFAULT 0,        -- how many of other coins were recorded: bounded, sending them is cheap
  seal $BYTES NOT NULL,
  UNIQUE (rail, address)
);
CREATE INDEX topup_address_account ON topup_address (account_id) WHERE account_id <> 0;
CREATE INDEX topup_address_free ON topup_address (rail, usable_us) WHERE account_id = 0;

-- What a customer means to pay through a payment processor; its callback must fit exactly.
CREATE TABLE topup_order (
  id $ID,
  public_id TEXT NOT NULL,                 -- dep_...: random, for outside
  account_id BIGINT NOT NULL,
  rail TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  status SMALLINT NOT NULL DEFAULT 0,      -- 0 open, 1 paid
  created_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL,
  UNIQUE (public_id)
);
CREATE INDEX topup_order_account ON topup_order (account_id, id);

-- Transactions that were listed for an address and are not resolved yet: what a restart goes on with.
CREATE TABLE topup_sighting (
  id $ID,
  rail TEXT NOT NULL,
  tx TEXT NOT NULL,
  status SMALLINT NOT NULL DEFAULT 0,      -- 0 to be resolved, 1 resolved, 2 given up
  block_ms BIGINT NOT NULL,
  seen_us BIGINT NOT NULL,
  due_us BIGINT NOT NULL,                  -- not tried again before
  attempts BIGINT NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',         -- why it still waits
  UNIQUE (rail, tx)
);
CREATE INDEX topup_sighting_due ON topup_sighting (rail, due_us) WHERE status = 0;

-- Everything that came in, credited or not.
CREATE TABLE deposit (
  id $ID,
  rail TEXT NOT NULL,
  external_id TEXT NOT NULL,               -- txid:log index, or the processor's event
  account_id BIGINT NOT NULL,              -- 0 = nobody's
  status SMALLINT NOT NULL,                -- base: topup/deposit.h
  currency TEXT NOT NULL,                  -- of `amount`
  amount BIGINT NOT NULL,                  -- nano-units; 0 when it does not fit (see `told`)
  told TEXT NOT NULL,                      -- the amount as it was told, exactly
  credited BIGINT NOT NULL DEFAULT 0,      -- nano-units of the wallet's currency
  credited_currency TEXT NOT NULL DEFAULT '',
  order_id BIGINT NOT NULL DEFAULT 0,
  address TEXT NOT NULL DEFAULT '',
  token TEXT NOT NULL DEFAULT '',          -- the coin's contract
  tx TEXT NOT NULL DEFAULT '',
  block BIGINT NOT NULL DEFAULT 0,
  block_hash TEXT NOT NULL DEFAULT '',
  block_ms BIGINT NOT NULL DEFAULT 0,
  witnesses SMALLINT NOT NULL DEFAULT 0,   -- independent nodes that said the same
  reason TEXT NOT NULL DEFAULT '',         -- why it was not credited
  seen_us BIGINT NOT NULL,
  settled_us BIGINT NOT NULL DEFAULT 0,
  UNIQUE (rail, external_id)
);
CREATE INDEX deposit_account ON deposit (account_id, id);
CREATE INDEX deposit_block ON deposit (rail, block_ms);
CREATE INDEX deposit_order ON deposit (order_id) WHERE order_id <> 0;

-- One row a day and rail: what was credited against what the chain says.
CREATE TABLE topup_proof (
  rail TEXT NOT NULL,
  day TEXT NOT NULL,                       -- 2026-11-21, UTC, of the block
  ok SMALLINT NOT NULL,
  transfers BIGINT NOT NULL,
  on_chain BIGINT NOT NULL,                -- nano-units
  recorded BIGINT NOT NULL,
  credited BIGINT NOT NULL,
  faults TEXT NOT NULL,                    -- JSON array
  at_us BIGINT NOT NULL,
  PRIMARY KEY (rail, day)
) $CLUSTERED;
