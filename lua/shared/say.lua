-- say(news, ...): adds an event, its fields given one after the other, to what announce publishes. Ahead of the events are the keys
-- events, stream and audience.
local function say(news, ...) news[#news + 1] = table.concat({ ... }, '\t') end
