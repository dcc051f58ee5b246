SELECT id FROM fencepost_store
