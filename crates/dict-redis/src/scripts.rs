//! The scripts that the server runs, each as one step. A value that may be had as old and is old (`text.rs`) is not there for them.
//!
//! Whole numbers are added by the server's own command, since a number of its scripts has 53 bits. An error that begins with `NOTTHAT` says that the
//! value is of another kind, `TOOLARGE` that the sum is none.

use redis::Script;

/// What the others begin with: whether a key is there, and the time in front of its value, if it has one.
const PRELUDE: &str = r"
local key, now = KEYS[1], tonumber(ARGV[1])
local function head()
    if redis.call('TYPE', key).ok ~= 'string' then return nil end
    local head = redis.call('GETRANGE', key, 0, 17)
    return string.sub(head, 1, 2) == '\0f' and tonumber(string.sub(head, 3), 16) or nil
end
local function there()
    if redis.call('EXISTS', key) == 0 then return false end
    local untl = head()
    return not (untl and untl <= now)
end
";

const SET: &str = r"
if there() ~= (ARGV[4] == '1') then return 0 end
if ARGV[3] == '0' then redis.call('SET', key, ARGV[2]) else redis.call('SET', key, ARGV[2], 'PX', ARGV[3]) end
return 1
";

const INCR: &str = r"
local by, init, ttl = ARGV[2], ARGV[3], ARGV[4]
local function whole(text) return string.find(text, '^%-?%d+$') end
local function number(text) return whole(text) or string.find(text, '^%-?%d[%d%.e+-]*$') and tonumber(text) end
local is_there = there()
local value = is_there and redis.call('GET', key) or init
local front = ''
if string.sub(value, 1, 2) == '\0f' then front, value = string.sub(value, 1, 18), string.sub(value, 19) end
if not number(value) then return redis.error_reply('NOTTHAT the value is of another kind') end
if whole(value) and whole(by) and front == '' then
    if not is_there then redis.call('SET', key, value) end
    local done = redis.pcall('INCRBY', key, by)
    if type(done) == 'table' then
        if not is_there then redis.call('DEL', key) end
        return redis.error_reply('TOOLARGE the sum is no number')
    end
else
    local sum = tonumber(value) + tonumber(by)
    if sum ~= sum or sum == math.huge or sum == -math.huge then return redis.error_reply('TOOLARGE the sum is no number') end
    local text = string.format('%.17g', sum)
    if whole(value) and whole(by) then
        if math.abs(sum) > 9007199254740992 then return redis.error_reply('TOOLARGE the sum is no number') end
        text = string.format('%d', sum)
    elseif whole(text) then
        text = text .. '.0'
    end
    if is_there then redis.call('SET', key, front .. text, 'KEEPTTL') else redis.call('SET', key, text) end
end
if not is_there and ttl ~= '0' then redis.call('PEXPIRE', key, ttl) end
local sum = redis.call('GET', key)
return front == '' and sum or string.sub(sum, 19)
";

const DELETE: &str = r"
local is_there = there()
redis.call('DEL', key)
return is_there and 1 or 0
";

const PUSH: &str = r"
if not there() then redis.call('DEL', key) end
return redis.call(ARGV[2], key, ARGV[3])
";

const TTL: &str = r"
if not there() then return -2 end
local untl = head()
return untl and untl - now or redis.call('PTTL', key)
";

const EXPIRE: &str = r"
if not there() then return 0 end
if head() then redis.call('SETRANGE', key, 2, 'ffffffffffffffff') end
if ARGV[2] == '0' then redis.call('PERSIST', key) else redis.call('PEXPIRE', key, ARGV[2]) end
return 1
";

const LOCK: &str = r"
if redis.call('EXISTS', KEYS[1]) == 1 then return nil end
local number = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], number, 'PX', ARGV[1])
return number
";

const UNLOCK: &str = r"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1
";

/// Each with what it has to have in front.
pub(crate) struct Scripts {
    pub(crate) set: Script,
    pub(crate) incr: Script,
    pub(crate) delete: Script,
    pub(crate) push: Script,
    pub(crate) ttl: Script,
    pub(crate) expire: Script,
    pub(crate) lock: Script,
    pub(crate) unlock: Script,
}

pub(crate) fn scripts() -> Scripts {
    let with_prelude = |script: &str| Script::new(&format!("{PRELUDE}{script}"));
    Scripts {
        set: with_prelude(SET),
        incr: with_prelude(INCR),
        delete: with_prelude(DELETE),
        push: with_prelude(PUSH),
        ttl: with_prelude(TTL),
        expire: with_prelude(EXPIRE),
        lock: Script::new(LOCK),
        unlock: Script::new(UNLOCK),
    }
}
