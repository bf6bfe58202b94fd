-- Asks mailrisk about each message (POST /api/v1/messages:check) and maps its verdict to symbols.
-- Place: /etc/rspamd/plugins.d/mailrisk.lua; settings: /etc/rspamd/rspamd.conf.local. See docs/integrations/rspamd.md.

local rspamd_http = require "rspamd_http"
local rspamd_logger = require "rspamd_logger"
local ucl = require "ucl"

local N = "mailrisk"

local settings = {
  url = "http://127.0.0.1:8025", -- of the service, an address: no name is looked up for it
  key = nil,                     -- an API key of the role reader
  timeout = 10.0,                -- seconds
  max_size = 32 * 1024 * 1024,   -- bytes; larger messages get MAILRISK_FAIL
}

-- Weights are those of the symbols in rspamd's metric: change them in local.d/groups.conf.
local symbols = {
  malicious = { name = "MAILRISK_MALICIOUS", score = 12.0, text = "mailrisk holds the message for malicious" },
  suspicious = { name = "MAILRISK_SUSPICIOUS", score = 4.0, text = "mailrisk holds the message for suspicious" },
  clean = { name = "MAILRISK_CLEAN", score = 0.0, text = "mailrisk has found the message clean" },
  unknown = { name = "MAILRISK_UNKNOWN", score = 0.0, text = "mailrisk knows nothing about the message" },
  fail = { name = "MAILRISK_FAIL", score = 0.0, text = "mailrisk could not be asked about the message" },
}

local function escape(text)
  return (tostring(text):gsub("[^%w%-_%.~]", function(one) return string.format("%%%02X", one:byte()) end))
end

-- The SMTP envelope goes into the query, as far as rspamd was told it.
local function query(task)
  local parts = {}
  local function add(name, value)
    if value and value ~= "" then parts[#parts + 1] = name .. "=" .. escape(value) end
  end
  local ip = task:get_from_ip()
  if ip and ip:is_valid() and not task:get_user() then add("client_ip", ip) end
  add("helo", task:get_helo())
  local from = task:get_from("smtp")
  if from and from[1] then add("mail_from", from[1].addr) end
  for number, one in ipairs(task:get_recipients("smtp") or {}) do
    if number <= 100 then add("rcpt_to", one.addr) end
  end
  return table.concat(parts, "&")
end

local function fail(task, why)
  rspamd_logger.errx(task, "mailrisk: %s", why)
  task:insert_result(symbols.fail.name, 1.0, why)
end

local function on_answer(task)
  return function(err, code, body)
    if err then return fail(task, tostring(err)) end
    if code ~= 200 then return fail(task, "HTTP " .. tostring(code)) end
    local parser = ucl.parser()
    local ok, parse_error = parser:parse_string(tostring(body))
    if not ok then return fail(task, tostring(parse_error)) end
    local said = parser:get_object()
    local symbol = symbols[said.level]
    if not symbol then return fail(task, "no such level") end
    local options = { "score=" .. tostring(said.score) }
    if type(said.category) == "string" then options[#options + 1] = said.category end
    for number, reason in ipairs(said.reasons or {}) do
      if number <= 8 and (reason.weight or 0) > 0 then options[#options + 1] = reason.code end
    end
    task:insert_result(symbol.name, 1.0, options)
  end
end

local function ask(task)
  if task:get_size() > settings.max_size then return fail(task, "too large") end
  rspamd_http.request({
    task = task,
    url = settings.url .. "/api/v1/messages:check?" .. query(task),
    method = "POST",
    mime_type = "message/rfc822",
    headers = { ["X-API-Key"] = settings.key },
    body = task:get_content(),
    timeout = settings.timeout,
    callback = on_answer(task),
  })
end

local given = rspamd_config:get_all_opt(N)
if not given or not given.key then
  rspamd_logger.infox(rspamd_config, "mailrisk: no key is configured, the module is off")
  return
end
for name, value in pairs(given) do settings[name] = value end

local parent = rspamd_config:register_symbol({ name = "MAILRISK_CHECK", type = "callback", callback = ask })
for _, symbol in pairs(symbols) do
  rspamd_config:register_symbol({ name = symbol.name, type = "virtual", parent = parent })
  rspamd_config:set_metric_symbol({
    name = symbol.name, score = symbol.score, description = symbol.text, group = "mailrisk",
  })
end
