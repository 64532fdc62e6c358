local page = require("page")

function handle(r)
  served = (served or 0) + 1    -- a global: LuaScope says how long it lives
  return page.send(r, "Hello", [[
<h1>Hello from $lua</h1>
<p>You asked for <code>$uri</code>. This interpreter has answered <b>$served</b> of these.</p>
]], { lua = _VERSION, uri = r:escape_html(r.uri), served = served })
end
