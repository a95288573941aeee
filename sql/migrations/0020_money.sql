-- What money does beside calls: exchange rates, refunds, coupons, budgets of tags, the brake, statements. See
-- docs/reference/ledger.md.

-- Units of a currency for one USD, as an exact ratio. Append-only: the newest of a currency is in force, and a charge names the
-- one it was made with for ever.
CREATE TABLE fx_rate (
  id $ID,
  currency TEXT NOT NULL,
  num BIGINT NOT NULL CHECK (num > 0),
  den BIGINT NOT NULL CHECK (den > 0),
  source TEXT NOT NULL,                  -- 'config' | 'operator'
  at_us BIGINT NOT NULL
);

-- What was given back of a charge, by wallet: never more than it took from that wallet.
CREATE TABLE refund (
  charge BIGINT NOT NULL,                -- its first usage entry
  wallet_id BIGINT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount >= 0),
  PRIMARY KEY (charge, wallet_id)
) $CLUSTERED;

CREATE TABLE coupon (
  id $ID,
  code TEXT NOT NULL UNIQUE,             -- upper case
  kind SMALLINT NOT NULL,                -- 0 money into a bonus wallet, 1 a percentage off a call's price
  currency TEXT NOT NULL,                -- of amount; kind 1: ''
  amount BIGINT NOT NULL CHECK (amount >= 0),
  percent_bps BIGINT NOT NULL CHECK (percent_bps BETWEEN 0 AND 10000),
  models TEXT NOT NULL,                  -- kind 1: comma-separated ids it is good for; '' = all
  max_uses BIGINT NOT NULL CHECK (max_uses > 0),
  max_per_account BIGINT NOT NULL CHECK (max_per_account > 0),
  uses BIGINT NOT NULL DEFAULT 0 CHECK (uses >= 0 AND uses <= max_uses),
  expires_us BIGINT NOT NULL,            -- 0 = never
  bonus_days BIGINT NOT NULL,            -- the bonus can be spent that long; 0 = for ever
  disabled_us BIGINT NOT NULL DEFAULT 0, -- 0 = in force
  created_us BIGINT NOT NULL,
  note TEXT NOT NULL
);
CREATE TABLE coupon_use (
  coupon_id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  n BIGINT NOT NULL,                     -- 1, 2, ... of this account
  entry_id BIGINT NOT NULL,              -- the bonus's entry; kind 1: 0
  request_id TEXT NOT NULL,              -- kind 1: the call it was used on
  at_us BIGINT NOT NULL,
  PRIMARY KEY (coupon_id, account_id, n)
) $CLUSTERED;
CREATE INDEX coupon_use_account ON coupon_use (account_id, at_us);

-- A spend cap for what an account's calls carry as a tag. Its id is the subject of budget rows of kind 3.
CREATE TABLE tag_budget (
  id $ID,
  account_id BIGINT NOT NULL,
  tag TEXT NOT NULL,
  period TEXT NOT NULL,                  -- 'day' | 'month' | '' = for ever
  cap BIGINT NOT NULL CHECK (cap >= 0),
  UNIQUE (account_id, tag)
);

-- Below which balance an account is told; NULL = the deployment's threshold, 0 = never.
ALTER TABLE wallet ADD COLUMN low BIGINT;

-- Days that are closed: the entries of a day are those between its two numbers, whatever the clock did.
CREATE TABLE ledger_day (
  day BIGINT NOT NULL PRIMARY KEY,       -- days since 1970, UTC
  first_entry BIGINT NOT NULL,
  last_entry BIGINT NOT NULL,            -- first_entry - 1 = an empty day
  hash $BYTES NOT NULL,                  -- the chain's, after last_entry
  closed_us BIGINT NOT NULL
);
-- One signed text an account and closed day on which its money moved.
CREATE TABLE statement (
  account_id BIGINT NOT NULL,
  day BIGINT NOT NULL,
  body TEXT NOT NULL,                    -- exactly the bytes that are signed
  signature $BYTES NOT NULL,
  node_key $BYTES NOT NULL,              -- the public key that checks it
  PRIMARY KEY (account_id, day)
) $CLUSTERED;

-- An account's movements but for charges: charges cost these indexes nothing.
CREATE INDEX entry_moves ON entry (account_id, id) WHERE kind <> 20 AND kind < 30;
CREATE INDEX wallet_expiry ON wallet (expires_us) WHERE kind = 1;
