-- bit32 of Lua 5.2, which Debian's 5.3 still has and 5.4 has not: scripts written for mod_lua use it. Numbers of 32 bits.
local ALL = 0xFFFFFFFF
local bit32 = {}

-- A number, or a string that is one, as 32 bits.
local function word(x) return x + 0 & ALL end

local function joined(start, join)
  return function(...)
    local all = start
    for i = 1, select("#", ...) do all = join(all, word((select(i, ...)))) end
    return all
  end
end
bit32.band = joined(ALL, function(a, b) return a & b end)
bit32.bor  = joined(0, function(a, b) return a | b end)
bit32.bxor = joined(0, function(a, b) return a ~ b end)

function bit32.btest(...) return bit32.band(...) ~= 0 end
function bit32.bnot(x) return ~word(x) & ALL end

-- To the left; a negative count to the right.
function bit32.lshift(x, n) return word(x) << n & ALL end
function bit32.rshift(x, n) return word(x) >> n & ALL end
function bit32.arshift(x, n)
  x = word(x)
  if n < 0 or x < 0x80000000 then return x >> n & ALL end
  return (x >> n | ~(ALL >> n)) & ALL
end
function bit32.lrotate(x, n)
  x, n = word(x), n & 31
  return (x << n | x >> 32 - n) & ALL
end
function bit32.rrotate(x, n) return bit32.lrotate(x, -n) end

local function mask(field, width)
  width = width or 1
  if field < 0 then error("field cannot be negative", 3) end
  if width < 1 then error("width must be positive", 3) end
  if field + width > 32 then error("trying to access non-existent bits", 3) end
  return (1 << width) - 1
end
function bit32.extract(x, field, width) return word(x) >> field & mask(field, width) end
function bit32.replace(x, value, field, width)
  local bits = mask(field, width)
  return word(x) & ~(bits << field) | (word(value) & bits) << field
end

package.loaded.bit32 = bit32
_G.bit32 = bit32
