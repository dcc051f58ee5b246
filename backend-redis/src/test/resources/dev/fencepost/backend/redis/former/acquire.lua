return attempt(redis.call('GET', KEYS[1]))
