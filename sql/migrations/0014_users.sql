-- The people behind accounts, what they may do there, their sessions, what is mailed to them. Passwords rest as Argon2id with salt and
-- parameters; the tokens of sessions and mails only as the SHA-256 (hex) of their text.
CREATE TABLE portal_user (
    id           $ID,
    email        TEXT     NOT NULL,                    -- as it was written
    email_key    TEXT     NOT NULL,                    -- in small letters: what is unique
    password     TEXT     NOT NULL,                    -- '' = none: only a mailed token gives one
    status       TEXT     NOT NULL DEFAULT 'active',   -- active | blocked
    is_operator  SMALLINT NOT NULL DEFAULT 0,
    verified_us  BIGINT   NOT NULL DEFAULT 0,          -- 0 = the address is not confirmed
    created_us   BIGINT   NOT NULL,
    login_us     BIGINT   NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX portal_user_email ON portal_user (email_key);

CREATE TABLE membership (
    account_id BIGINT NOT NULL REFERENCES account (id),
    user_id    BIGINT NOT NULL REFERENCES portal_user (id),
    role       TEXT   NOT NULL,                        -- owner | admin | member | read_only
    created_us BIGINT NOT NULL,
    PRIMARY KEY (account_id, user_id)
) $CLUSTERED;
CREATE INDEX membership_user ON membership (user_id);

CREATE TABLE portal_session (
    id         $ID,
    hash       TEXT   NOT NULL,
    user_id    BIGINT NOT NULL,
    account_id BIGINT NOT NULL,                        -- whose it looks at
    created_us BIGINT NOT NULL,
    seen_us    BIGINT NOT NULL,                        -- to five minutes
    expires_us BIGINT NOT NULL,
    peer       TEXT   NOT NULL,
    agent      TEXT   NOT NULL
);
CREATE UNIQUE INDEX portal_session_hash ON portal_session (hash);
CREATE INDEX portal_session_user ON portal_session (user_id);
CREATE INDEX portal_session_expiry ON portal_session (expires_us);

-- What is mailed once and works once.
CREATE TABLE mail_token (
    id         $ID,
    hash       TEXT   NOT NULL,
    kind       TEXT   NOT NULL,                        -- verify | reset | invite
    email_key  TEXT   NOT NULL,
    email      TEXT   NOT NULL,
    user_id    BIGINT NOT NULL DEFAULT 0,              -- 0 = an invitation
    account_id BIGINT NOT NULL DEFAULT 0,              -- of an invitation
    role       TEXT   NOT NULL DEFAULT '',
    made_by    BIGINT NOT NULL DEFAULT 0,
    created_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    used_us    BIGINT NOT NULL DEFAULT 0               -- 0 = still good; also when it was taken back
);
CREATE UNIQUE INDEX mail_token_hash ON mail_token (hash);
CREATE INDEX mail_token_email ON mail_token (email_key);
CREATE INDEX mail_token_account ON mail_token (account_id);

-- Who made a key in the portal: members may change their own only.
CREATE TABLE key_maker (
    key_id  BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL
) $CLUSTERED;

-- Whom the trial credit was given: once an address, also after its account is erased (so only the address's SHA-256 is kept).
CREATE TABLE trial (
    email_hash TEXT   NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL,
    at_us      BIGINT NOT NULL
) $CLUSTERED;

-- Mail that has to go out. The text is emptied when it went, or when it was given up.
CREATE TABLE mail (
    id         $ID,
    recipient  TEXT     NOT NULL,
    subject    TEXT     NOT NULL,
    body       TEXT     NOT NULL,
    state      SMALLINT NOT NULL DEFAULT 0,            -- 0 waiting, 1 sent, 2 given up
    attempts   INTEGER  NOT NULL DEFAULT 0,
    next_us    BIGINT   NOT NULL,
    created_us BIGINT   NOT NULL,
    error      TEXT     NOT NULL DEFAULT ''
);
CREATE INDEX mail_waiting ON mail (state, next_us);
