-- retention(flags): for how many ms a job with these traits stays when it has failed, as text; '' for ever.
local function retention(flags) return flags and flags:match('"failAge":(%d+)') or '' end
