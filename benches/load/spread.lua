-- Sends the requests of the file LOAD_REQUESTS (method, path, session and body, divided by tabs; one per line), in an order
-- that looks random and is the same for every contender. With LOAD_UNIQUE no path comes twice: it is that of the only
-- line, with the tag and a number behind it.
local asks, state = {}, 12345
local unique, count = os.getenv("LOAD_UNIQUE"), 0

local function format(method, path, session, body)
  local headers = {}
  if session ~= "" then headers["x-overdub-session"] = session end
  if body ~= "" then headers["content-type"] = "application/json" else body = nil end
  return wrk.format(method, path, headers, body)
end

init = function()
  for line in io.lines(os.getenv("LOAD_REQUESTS")) do
    local method, path, session, body = line:match("^(.-)\t(.-)\t(.-)\t(.*)$")
    asks[#asks + 1] = unique and path or format(method, path, session, body)
  end
end

request = function()
  if unique then
    count = count + 1
    return format("GET", asks[1] .. "-" .. unique .. "-" .. count, "", "")
  end
  state = (state * 16807) % 2147483647
  return asks[state % #asks + 1]
end
