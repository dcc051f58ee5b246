SELECT token FROM OLD TABLE (DELETE FROM fencepost_mark WHERE resource = :resource)
