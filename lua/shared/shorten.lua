-- shorten(log, most): drops the oldest lines of a log until `most` stay, and 64 KiB of them. It has its row, of which `from` bytes are dropped
-- already, and lines to come behind that; `first` of them stays, `count` in all, of `size` bytes.
local function shorten(log, most)
  while log.count > most or log.size > 65536 do
    local stop = log.row:find('\n', log.from + 1, true)
    if stop then
      log.from, log.size = stop, log.size - (stop - log.from)
    else
      log.first, log.size = log.first + 1, log.size - #log.lines[log.first]
    end
    log.count = log.count - 1
  end
end
