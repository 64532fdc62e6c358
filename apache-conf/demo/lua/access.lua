local page = require("page")

-- LuaHookAccessChecker: DECLINED lets the request go on, a status ends it.
function check(r)
  if r:parseargs().password == r:dir_config("Password") then
    return apache2.DECLINED
  end
  return 403
end

-- Runs only when the function above let it.
function handle(r)
  return page.send(r, "Private", [[
<h1>You are in</h1>
<p class="note">The hook let this request pass. <a href="/lua/private">Leave</a></p>
]])
end

-- ErrorDocument 403
function denied(r)
  return page.send(r, "No entry", [[
<h1>No entry</h1>
<form method="get" action="/lua/private">
<label>Password <input name="password" type="password" placeholder="open ..."></label>
<button>Enter</button>
</form>
]])
end
