local v = stored(KEYS[1])
return v == 'U' and v or attempt(v)
