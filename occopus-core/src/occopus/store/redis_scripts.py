"""What the Redis does for a store by itself, in one piece that nothing comes between: the text of the scripts, in Lua.

All keys begin with `occopus:`. A KIND is percent-encoded, so that the colon behind it is the first one; a SCOPE stands as it is.

    occopus:form                   the version of this layout
    occopus:counters               hash: the last number of `appended` and of `fence`
    occopus:records:KIND:SCOPE     hash: by name, the version, a space, and the text of the value
    occopus:names:KIND:SCOPE       sorted set of the same names, for reading on behind one of them
    occopus:scopes:KIND            sorted set of the scopes that have records
    occopus:leases                 hash: by scope, the fence, the expiry in microseconds and the owner, with spaces between
    occopus:done:TOKEN             a write that was carried out, for some minutes

All members of a sorted set have the score 0; Redis then orders them by the bytes of their UTF-8, which is the order of code points.
"""

from __future__ import annotations

from urllib.parse import quote

FORM = "1"
"""The version of the layout."""

COUNTERS = "occopus:counters"
"""Where the last number of what is appended is, under `appended`."""

REMEMBERED = 600
"""Seconds for which a write is known to be done; more than anybody tries to repeat it."""


def records_key(kind: str, scope: str) -> str:
    """Where the records of a scope are."""
    return f"occopus:records:{quoted(kind)}:{scope}"


def quoted(kind: str) -> str:
    """A kind as the scripts expect it."""
    return quote(kind, safe="")


_KEYS = """
local function records(kind, scope) return 'occopus:records:' .. kind .. ':' .. scope end
local function names(kind, scope) return 'occopus:names:' .. kind .. ':' .. scope end
local function scopes(kind) return 'occopus:scopes:' .. kind end
"""

_CHECK_FORM = f"if redis.call('GET', 'occopus:form') ~= '{FORM}' then return {{'form'}} end\n"

WRITE = f"""
-- token, scope of the lease, its fence or nothing; then for each change: what to do, kind, scope, name, version or nothing, text
{_KEYS}
local function version_of(kept) return kept and string.match(kept, '^%d+') or '0' end

local function keep(kind, scope, name, text)
  local kept = redis.call('HGET', records(kind, scope), name)
  redis.call('HSET', records(kind, scope), name, string.format('%d ', version_of(kept) + 1) .. text)
  if not kept then
    redis.call('ZADD', names(kind, scope), 0, name)
    redis.call('ZADD', scopes(kind), 0, scope)
  end
end

local function delete(kind, scope, name)
  if redis.call('HDEL', records(kind, scope), name) == 1 then
    redis.call('ZREM', names(kind, scope), name)
    if redis.call('EXISTS', records(kind, scope)) == 0 then redis.call('ZREM', scopes(kind), scope) end
  end
end

local done = 'occopus:done:' .. ARGV[1]
{_CHECK_FORM}
if redis.call('EXISTS', done) == 1 then return {{'done'}} end
if ARGV[3] ~= '' then
  local held = redis.call('HGET', 'occopus:leases', ARGV[2])
  if not held or string.match(held, '^%d+') ~= ARGV[3] then return {{'lost'}} end
end
for at = 4, #ARGV, 6 do
  local wanted = ARGV[at + 4]
  if wanted ~= '' and version_of(redis.call('HGET', records(ARGV[at + 1], ARGV[at + 2]), ARGV[at + 3])) ~= wanted then
    return {{'conflict', (at - 4) / 6}}
  end
end
for at = 4, #ARGV, 6 do
  local what, kind, scope, name = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  if what == 'delete' then
    delete(kind, scope, name)
  else
    if what == 'append' then name = string.format('%016d', redis.call('HINCRBY', 'occopus:counters', 'appended', 1)) end
    keep(kind, scope, name, ARGV[at + 5])
  end
end
redis.call('SET', done, '', 'EX', {REMEMBERED})
return {{'done'}}
"""

SCAN = f"""
-- kind, beginning of the range of names, perhaps a scope; gives for each scope its name and a list: name, record, name, record, ...
{_KEYS}
local kind, from, found = ARGV[1], ARGV[2], {{}}
for _, scope in ipairs(ARGV[3] and {{ARGV[3]}} or redis.call('ZRANGE', scopes(kind), 0, -1)) do
  local wanted, list = redis.call('ZRANGEBYLEX', names(kind, scope), from, '+'), {{}}
  for first = 1, #wanted, 1000 do  -- Lua passes a few thousand arguments at most
    local last = math.min(first + 999, #wanted)
    for place, record in ipairs(redis.call('HMGET', records(kind, scope), unpack(wanted, first, last))) do
      list[#list + 1] = wanted[first + place - 1]
      list[#list + 1] = record
    end
  end
  found[#found + 1] = scope
  found[#found + 1] = list
end
return found
"""

ACQUIRE = f"""
-- scope, who asks, microseconds, whom it may displace; gives whoever has the lease now, its fence, its expiry, and the time
{_CHECK_FORM}
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local fence, expires, owner = string.match(redis.call('HGET', 'occopus:leases', ARGV[1]) or '', '^(%d+) (%d+) (.*)$')
if owner and owner ~= ARGV[2] then
  if owner ~= ARGV[4] and tonumber(expires) > now then return {{owner, fence, expires, string.format('%.0f', now)}} end
  fence = nil
end
fence = fence or string.format('%d', redis.call('HINCRBY', 'occopus:counters', 'fence', 1))
expires = string.format('%.0f', now + ARGV[3])
redis.call('HSET', 'occopus:leases', ARGV[1], fence .. ' ' .. expires .. ' ' .. ARGV[2])
return {{ARGV[2], fence, expires, string.format('%.0f', now)}}
"""

RELEASE = """
-- scope, fence
local held = redis.call('HGET', 'occopus:leases', ARGV[1])
if held and string.match(held, '^%d+') == ARGV[2] then redis.call('HDEL', 'occopus:leases', ARGV[1]) end
"""

PREPARE = """
-- the form that we write, which becomes the mark where there is none; gives the form that is there
local form = redis.call('GET', 'occopus:form')
if form and form ~= ARGV[1] then return form end
if not form then redis.call('SET', 'occopus:form', ARGV[1]) end
-- Each command of the other scripts is tried on a key of another type, where it does nothing. For if the Redis refused one to its user
-- in the middle of a batch, half of it would stay.
for _, command in ipairs({
  {'HSET', 'field', ''}, {'HINCRBY', 'field', 1}, {'HGET', 'field'}, {'HMGET', 'field'}, {'HDEL', 'field'}, {'EXISTS'},
  {'ZADD', 0, 'member'}, {'ZRANGE', 0, -1}, {'ZRANGEBYLEX', '-', '+'}, {'ZREM', 'member'}, {'SET', '', 'EX', 1, 'NX'},
}) do
  local answer = redis.pcall(command[1], 'occopus:form', unpack(command, 2))
  if type(answer) == 'table' and answer.err and string.find(answer.err, 'executing the script', 1, true) then return answer end
end
redis.call('TIME')
return ARGV[1]
"""
