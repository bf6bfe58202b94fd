-- Requests of `make bench-login` for wrk. Arguments: FILE AUTHORIZATION
-- Each line of FILE is a command, a blank and the body of a request of Dovecot's auth policy.
local lines, at, authorization = {}, 0, nil

function init(args)
  authorization = args[2]
  for line in io.lines(args[1]) do
    local command, body = line:match("^(%S+) (.*)$")
    lines[#lines + 1] = { "/?command=" .. command, body }
  end
end

function request()
  at = at % #lines + 1
  return wrk.format("POST", lines[at][1], {
    ["Authorization"] = authorization, ["Content-Type"] = "application/json", ["Host"] = "127.0.0.1",
  }, lines[at][2])
end

function done(summary, latency, requests)
  local e = summary.errors
  print(string.format("FIGURES %d %d %d %d", summary.requests, summary.duration,
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
