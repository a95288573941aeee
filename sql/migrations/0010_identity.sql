-- Accounts and API keys. A key rests only as the SHA-256 (hex) of its whole text; `shown` is what may be displayed.
CREATE TABLE account (
    id         $ID,
    name       TEXT   NOT NULL,
    email      TEXT   NOT NULL DEFAULT '',
    status     TEXT   NOT NULL DEFAULT 'active',       -- active | blocked
    created_us BIGINT NOT NULL
);

CREATE TABLE api_key (
    id              $ID,
    account_id      BIGINT NOT NULL REFERENCES account (id),
    hash            TEXT   NOT NULL,
    shown           TEXT   NOT NULL,                    -- first 12 ... last 4 characters
    name            TEXT   NOT NULL DEFAULT '',
    prefix          TEXT   NOT NULL,                    -- '' = UUID key
    dialect         TEXT   NOT NULL DEFAULT '',         -- '' = by prefix
    tag             TEXT   NOT NULL DEFAULT '',
    models          TEXT   NOT NULL DEFAULT '[]',       -- JSON array of allowed model ids; empty = all
    rpm             BIGINT,                             -- NULL = no limit, in all five
    tpm             BIGINT,
    concurrency     BIGINT,
    spend_cap_nanos BIGINT,
    spend_period    TEXT   NOT NULL DEFAULT '',         -- day | month | '' = for ever
    created_us      BIGINT NOT NULL,
    expires_us      BIGINT NOT NULL DEFAULT 0,          -- 0 = never
    revoked_us      BIGINT NOT NULL DEFAULT 0,          -- 0 = in force
    last_used_us    BIGINT NOT NULL DEFAULT 0           -- to the hour
);
CREATE UNIQUE INDEX api_key_hash ON api_key (hash);
CREATE INDEX api_key_account ON api_key (account_id);
