-- One server at a time makes the tables. Ends with its connection.
SELECT GET_LOCK(CONCAT('fencepost.', MD5(DATABASE())), :seconds)
