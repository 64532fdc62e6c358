local page = require("page")

-- An object that can be called is a handler: it comes first, then the request.
local Greeter = {}
Greeter.__index = Greeter
Greeter.greeting = "Hi there"

function Greeter:__call(r)
  return page.send(r, "Methods", [[
<h1>$greeting</h1>
<p>Served by <code>$name</code>.
See <a href="/lua/method">the plain</a> and <a href="/lua/method/formal">the formal</a> greeting.</p>
]], { greeting = self.greeting, name = self.name })
end

-- A module: its fields have names in the configuration.
return {
  plain  = setmetatable({ name = "method.plain" }, Greeter),
  formal = setmetatable({ name = "method.formal", greeting = "Good day to you" }, Greeter),
}
