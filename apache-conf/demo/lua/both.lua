local page = require("page")

-- LuaHookFixups: what the Perl handler noted is there, whichever language wrote it.
function fixups(r)
  r.notes.lua = "fixups: saw “" .. (r.notes.perl or "nothing") .. "”"
  return apache2.DECLINED
end

function handle(r)
  return page.send(r, "Both", [[
<h1>One request, two languages</h1>
<table>
<tr><th>Perl</th><td>$perl</td></tr>
<tr><th>Lua</th><td>$lua</td></tr>
</table>
<p>A Perl handler logs the request, too, with what this page noted for it.</p>
]], { perl = r:escape_html(r.notes.perl), lua = r:escape_html(r.notes.lua) })
end
