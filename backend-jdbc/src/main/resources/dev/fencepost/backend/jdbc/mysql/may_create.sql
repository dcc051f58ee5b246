-- Always fails: for want of the permission, or else for having two columns of one name.
CREATE TABLE fencepost_never (twice INT, twice INT)
