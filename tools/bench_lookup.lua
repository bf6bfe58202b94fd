-- Requests of `make bench-lookup` for wrk. Arguments: KIND SEED KEY PATH-or-FILE
--   single   one URL a request, every one another; half of them listed, from FILE
--   paced    the same by clients that rest between two requests, which leaves the server idle half of the time
--   static   the same requests to the constant route
--   batch    one of the bodies in FILE, in turn
--   wrserver one URL a request that is not listed, for Google's wrserver
local ffi = require("ffi")
local kind, key, number, turn, at = nil, nil, 0, 0, 0
-- The lines are one string, and where they begin is an array outside of Lua's heap: a table of 200,000 strings is walked
-- through in one go at each garbage collection, and every request under way waits 5 to 10 ms for it.
local text, begins, count = "", nil, 0

function init(args)
  kind, number, key = args[1], tonumber(args[2]), args[3]
  local file = io.open(args[4], "rb")
  text = file:read("*a")
  file:close()
  _, count = text:gsub("\n", "")
  begins = ffi.new("uint32_t[?]", count + 1, 1)
  local line = 0
  for after in text:gmatch("\n()") do
    line = line + 1
    begins[line] = after
  end
  collectgarbage()
  at = number % count
  if kind == "paced" then
    function delay() return math.random(1, 6) end  -- milliseconds
  end
end

local function miss()
  number = number + 1
  return string.format("https://www.site%x.example%d.com/news/%x/page.html?ref=%d",
    number * 48271 % 2147483647, number % 977, number, number)
end

local function hit()
  at = (at + 1) % count
  return text:sub(begins[at], begins[at + 1] - 2)
end

function request()
  local headers = { ["X-API-Key"] = key, ["Content-Type"] = "application/json", ["Host"] = "127.0.0.1" }
  if kind == "batch" then
    return wrk.format("POST", "/api/v1/urls:check", headers, hit())
  end
  if kind == "wrserver" then
    local body = '{"uri":"' .. miss() .. '","threatTypes":["SOCIAL_ENGINEERING"]}'
    return wrk.format("POST", "/v1/uris:search", { ["Content-Type"] = "application/json", ["Host"] = "127.0.0.1" }, body)
  end
  turn = turn + 1
  local url = turn % 2 == 0 and miss() or hit()
  local path = kind == "static" and "/static" or "/api/v1/urls:check"
  return wrk.format("POST", path, headers, '{"urls":["' .. url .. '"],"analyse":"none"}')
end

function done(summary, latency, requests)
  local e = summary.errors
  print(string.format("FIGURES %d %d %d %d", summary.requests, summary.duration,
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
