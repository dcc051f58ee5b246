-- Only one server at a time makes the tables. The lock ends with the connection.
SELECT GET_LOCK(CONCAT('fencepost.', MD5(DATABASE())), :seconds)
