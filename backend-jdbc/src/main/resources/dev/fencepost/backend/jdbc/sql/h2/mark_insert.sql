INSERT INTO fencepost_mark (resource, token, used_at) VALUES (:resource, :token, :now)
