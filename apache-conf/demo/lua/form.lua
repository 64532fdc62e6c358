local page = require("page")

function handle(r)
  local field = page.fields(r)
  local name, colour = r:escape_html(field.name or ""), r:escape_html(field.colour or "")

  local answer = ""
  if name ~= "" then
    answer = '<p class="note">Hello <b>' .. name .. "</b>"
    if colour ~= "" then answer = answer .. ", <b>" .. colour .. "</b> is a fine colour" end
    answer = answer .. ". (It came by " .. r.method .. ".)</p>"
  end
  return page.send(r, "A form", [[
<h1>Who are you?</h1>
$answer
<form method="post" action="/lua/form">
<label>Name <input name="name" value="$name" maxlength="80" required></label>
<label>Colour <input name="colour" value="$colour" maxlength="80"></label>
<button>Send</button>
</form>
]], { answer = answer, name = name, colour = colour })
end
