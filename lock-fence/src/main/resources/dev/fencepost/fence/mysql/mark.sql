-- A locking read sees what is committed, a plain one what was when the transaction began.
SELECT token FROM fence_guard WHERE resource = ? FOR UPDATE
