-- Always fails: because the permission is missing, or because two columns have the same name.
CREATE TABLE fencepost_never (twice INT, twice INT)
