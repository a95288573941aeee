-- What the clock said of a closed day's entries at the earliest and at the latest: reports over some days read those days' entries and
-- not the whole journal, whatever the clock did in between. Days closed before this are always read.
ALTER TABLE ledger_day ADD COLUMN from_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ledger_day ADD COLUMN to_us BIGINT NOT NULL DEFAULT 9223372036854775807;
