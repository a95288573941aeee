-- Secrets at rest: data keys, wrapped by the root key in data_dir/secret.key (or AIG_SECRET_KEY); what they seal names the data key
-- and is bound to its place. See docs/decisions/0009-sealed-secrets.md.
CREATE TABLE data_key (
    id         $ID,                                     -- the newest seals, all open
    root       TEXT   NOT NULL,                         -- which root key wraps it: its fingerprint
    wrapped    $BYTES NOT NULL,
    created_us BIGINT NOT NULL
);

-- What signs an account's webhooks. The newest signs; the one before it signs along until `until_us`.
CREATE TABLE webhook_secret (
    id         $ID,
    account_id BIGINT NOT NULL REFERENCES account (id),
    sealed     $BYTES NOT NULL,                         -- bound to the account
    created_us BIGINT NOT NULL,
    until_us   BIGINT NOT NULL DEFAULT 0                -- 0 = in force
);
CREATE INDEX webhook_secret_of ON webhook_secret (account_id, id);
