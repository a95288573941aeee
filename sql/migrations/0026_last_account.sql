-- The account a user looked at last: her next log-in opens it. 0 = none yet.
ALTER TABLE portal_user ADD COLUMN last_account_id BIGINT NOT NULL DEFAULT 0;
