-- What the examples share: the frame of a page, and the fields of a form. Found by require("page"), since it lies beside them.

local page = {}

local FRAME = [[
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<link rel="stylesheet" href="/style.css">
<script>if (self !== top) document.documentElement.className = 'framed'</script>
</head>
<body>
<header class="bar"><a href="/">mod_interp</a><span>$title</span></header>
<main>
$body
</main>
</body>
</html>
]]

-- A text with $name filled in.
function page.fill(text, values)
  return (text:gsub("%$(%a+)", values))
end

-- Sends a whole page.
function page.send(r, title, body, values)
  r.content_type = "text/html; charset=utf-8"
  r:puts(page.fill(FRAME, { title = title, body = page.fill(body, values or {}) }))
  return apache2.OK
end

-- The fields of a form, from the address or from the body of a POST (64 KB at most).
function page.fields(r)
  if r.method == "POST" then
    return (r:parsebody(65536)) or {}
  end
  local function decoded(text) return r:unescape((text:gsub("+", " "))) or "" end    -- r:parseargs leaves a + as it is
  local field = {}
  for name, value in (r.args or ""):gmatch("([^&=]+)=([^&]*)") do field[decoded(name)] = decoded(value) end
  return field
end

return page
