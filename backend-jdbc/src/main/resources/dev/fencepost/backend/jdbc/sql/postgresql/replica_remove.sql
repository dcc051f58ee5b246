DELETE FROM fencepost_replica WHERE id = :id
