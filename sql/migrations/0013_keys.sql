-- What a key can be limited by beyond its rates, how keys follow each other, and sub-accounts: names under an account whose
-- keys spend the account's wallet against a budget of their own.
CREATE TABLE sub_account (
    id              $ID,
    account_id      BIGINT NOT NULL REFERENCES account (id),
    name            TEXT   NOT NULL,
    external_ref    TEXT   NOT NULL DEFAULT '',         -- the account owner's own name for it
    metadata        TEXT   NOT NULL DEFAULT '{}',       -- JSON object of texts
    spend_cap_nanos BIGINT,                             -- a UTC month, in the wallet's currency; NULL = no cap
    rpm             BIGINT,                             -- NULL = no limit, in all three
    tpm             BIGINT,
    concurrency     BIGINT,
    tag             TEXT   NOT NULL DEFAULT '',
    models          TEXT   NOT NULL DEFAULT '[]',       -- JSON array; empty = all
    created_us      BIGINT NOT NULL,
    deleted_us      BIGINT NOT NULL DEFAULT 0           -- 0 = in force; the row stays, calls refer to it
);
CREATE INDEX sub_account_of ON sub_account (account_id, id);

ALTER TABLE api_key ADD COLUMN sub_account_id BIGINT NOT NULL DEFAULT 0;          -- 0 = the account's own
ALTER TABLE api_key ADD COLUMN ip_allow TEXT NOT NULL DEFAULT '[]';               -- JSON array of addresses and CIDR blocks; empty = all
ALTER TABLE api_key ADD COLUMN rpd BIGINT;                                        -- requests a UTC day; NULL = no limit
ALTER TABLE api_key ADD COLUMN brake_nanos_per_minute BIGINT;                     -- spending faster freezes it; NULL = no brake
ALTER TABLE api_key ADD COLUMN frozen_us BIGINT NOT NULL DEFAULT 0;               -- 0 = not frozen
ALTER TABLE api_key ADD COLUMN frozen_why TEXT NOT NULL DEFAULT '';
ALTER TABLE api_key ADD COLUMN line BIGINT NOT NULL DEFAULT 0;                    -- the first key of its rotations, what caps and rates count by; 0 = itself
ALTER TABLE api_key ADD COLUMN rotated_to BIGINT NOT NULL DEFAULT 0;              -- its successor
CREATE INDEX api_key_sub_account ON api_key (sub_account_id);

ALTER TABLE account ADD COLUMN erased_us BIGINT NOT NULL DEFAULT 0;               -- 0 = not erased
