-- Requests of `make bench-lookup` for wrk. Arguments: KIND SEED KEY PATH-or-FILE
--   single   one URL a request, every one another; half of them listed, from FILE
--   paced    the same by clients that rest between two requests, which leaves the server idle half of the time
--   static   the same requests to the constant route
--   batch    one of the bodies in FILE, in turn
--   wrserver one URL a request that is not listed, for Google's wrserver
local kind, key, number, turn, lines, at = nil, nil, 0, 0, {}, 0

function init(args)
  kind, number, key = args[1], tonumber(args[2]), args[3]
  for line in io.lines(args[4]) do lines[#lines + 1] = line end
  at = number % #lines
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
  at = at % #lines + 1
  return lines[at]
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
