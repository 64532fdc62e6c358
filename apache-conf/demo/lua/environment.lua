local page = require("page")

-- A table as rows, sorted by name.
local function rows(r, values)
  local names, out = {}, {}
  for name in pairs(values) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do
    out[i] = ("<tr><th>%s</th><td>%s</td></tr>"):format(r:escape_html(name), r:escape_html(values[name]))
  end
  return table.concat(out, "\n")
end

function handle(r)
  return page.send(r, "Environment", [[
<h1>The environment of this request</h1>
<table>$environment</table>
<h2>and its headers</h2>
<table>$headers</table>
]], { environment = rows(r, r:subprocess_env_table()), headers = rows(r, r:headers_in_table()) })
end
