-- Prices as operational state: what every version of a price was, the accounts' own price lists, and binding estimates.
-- List prices and the catalogue itself are files. See docs/reference/prices.md.

-- Every version of a price that was ever on sale; a usage entry of the ledger names it. Never changed.
CREATE TABLE price_card (
  id BIGINT NOT NULL PRIMARY KEY,        -- fingerprint of the prices
  prices TEXT NOT NULL,                  -- JSON object of price keys
  first_us BIGINT NOT NULL
);
-- Which version a model was sold at, from when on.
CREATE TABLE model_price (
  model TEXT NOT NULL,
  from_us BIGINT NOT NULL,
  card_id BIGINT NOT NULL,
  PRIMARY KEY (model, from_us)
);

CREATE TABLE price_list (
  name TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL,                    -- JSON: percent_off, models {id: {percent_off} | {price {...}}}
  updated_us BIGINT NOT NULL
);
-- An account without a row pays the catalogue's prices.
CREATE TABLE account_price_list (
  account_id BIGINT NOT NULL PRIMARY KEY,
  list TEXT NOT NULL
);

-- A binding estimate: price, terms and cap are fixed in its body. used_by is the call that took it; a call that fails gives it back.
CREATE TABLE quote (
  id TEXT NOT NULL PRIMARY KEY,
  account_id BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL,
  used_by TEXT NOT NULL DEFAULT '',
  coupon_used SMALLINT NOT NULL DEFAULT 0, -- its coupon was counted: not a second time when the quote comes back
  body TEXT NOT NULL
);
CREATE INDEX quote_account ON quote (account_id, expires_us);
CREATE INDEX quote_expires ON quote (expires_us);
