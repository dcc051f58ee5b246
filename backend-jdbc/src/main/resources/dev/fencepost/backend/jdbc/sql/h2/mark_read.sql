SELECT token FROM fencepost_mark WHERE resource = :resource FOR UPDATE
