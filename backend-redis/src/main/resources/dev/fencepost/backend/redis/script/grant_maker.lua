-- Returns the principal in a claimant that begins at a position, as its length, a colon and its
-- bytes. Nothing if the claimant is damaged.
local function principal(text, at)
  local owner = string.match(text, '^(%d+):', at + 1)
  local from = owner and at + 2 + #owner + tonumber(owner)
  local length = from and string.match(text, '^(%d+):', from)
  return length and string.sub(text, from, from + #length + tonumber(length))
end

-- Returns the principal in an owned record. The first space is the one behind the claim id.
local function maker(v)
  local space = string.find(v, ' ', 55, true)
  return space and principal(v, space + 1)
end

-- Returns the answer for a grant of another principal: its token, and that principal.
local function foreign(v)
  local other = maker(v)
  return other and 'O' .. string.sub(v, 2, 20) .. other or 'U'
end

