-- whole(text): the whole number that a row says, nil for a row that is not there, or that says none which can be counted on from.
local function whole(text)
  local number = tonumber((text or ''):match('^%d+$'))
  return number and number < 2 ^ 53 and number or nil
end
