MERGE INTO fencepost_replica (id, address, phase, seen_at) KEY (id)
VALUES (:id, :address, :phase, :now)
