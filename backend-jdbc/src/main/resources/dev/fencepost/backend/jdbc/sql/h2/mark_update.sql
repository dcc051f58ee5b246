UPDATE fencepost_mark SET token = :token, used_at = :now WHERE resource = :resource
