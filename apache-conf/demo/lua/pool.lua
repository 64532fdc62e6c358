local page = require("page")
local status = require("ModInterp.Status")    -- what the module says of its pool: the class that Perl has, too

served = 0

-- The process: Linux says so.
local function process()
  local file = io.open("/proc/self/stat")
  if not file then return "?" end
  local number = file:read("a"):match("^%d+")
  file:close()
  return number
end

function work(r)
  served = served + 1
  r:usleep(100000)
  r.content_type = "application/json"
  r:puts(('{"process":%s,"interpreter":"%d","served":%d}'):format(process(), status:interpreter(), served))
  return apache2.OK
end

function handle(r)
  served = served + 1
  local figures, rows = { status:pool() }, {}
  for i = 1, #figures, 2 do
    local figure = tonumber(figures[i + 1]) >= 2 ^ 31 - 1 and "none" or figures[i + 1]
    rows[#rows + 1] = ("<tr><th>%s</th><td>%s</td></tr>"):format(figures[i], figure)
  end
  table.sort(rows)
  return page.send(r, "The pool", [[
<h1>Interpreter <code>$me</code></h1>
<p>in process <code>$process</code> served this page; it has served $served so far.</p>
<table>$rows</table>
<p><button id="go">Send 24 requests at once</button> <span id="said"></span></p>
<div id="bars"></div>
<script src="/burst.js"></script>
]], { me = status:interpreter(), process = process(), served = served, rows = table.concat(rows) })
end
