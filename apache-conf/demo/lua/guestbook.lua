local page = require("page")

-- The same database as that of the guest book in Perl. A connection lives as long as the request.
local function open(r)
  local db, why = r:dbacquire("sqlite3", r:dir_config("GuestBook"))
  if not db then return nil, why end
  db:query(r, "CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, token TEXT UNIQUE, name TEXT, text TEXT, at TEXT)")
  return db
end

local function sign(r, db, field)
  local name, text = (field.name or ""):sub(1, 80), (field.text or ""):sub(1, 2000)
  if not (name:find("%S") and text:find("%S")) then return "A name and a few words, please." end
  -- The token makes a page that is sent twice count once.
  local insert, why = db:prepare(r, "INSERT OR IGNORE INTO entry (token, name, text, at) VALUES (%s, %s, %s, datetime('now'))")
  if not insert then return why end
  local count, trouble = insert:query(field.token or "", name, text)
  return count and "Thank you." or trouble
end

function handle(r)
  local db, why = open(r)
  if not db then
    r.status = 503
    return page.send(r, "Guest book", '<h1>Guest book</h1>\n<p class="note">No database: $why</p>', { why = r:escape_html(why) })
  end

  local note = ""
  if r.method == "POST" then
    note = '<p class="note">' .. r:escape_html(sign(r, db, page.fields(r))) .. "</p>"
  end

  local list = {}
  local entries = db:select(r, "SELECT name, at, text FROM entry ORDER BY id DESC LIMIT 50")
  for _, entry in ipairs(entries and entries(0, true) or {}) do
    local text = r:escape_html(entry.text):gsub("\r?\n", "<br>")
    list[#list + 1] = ("<article><p>%s</p><footer>%s, %s</footer></article>"):format(text, r:escape_html(entry.name), entry.at)
  end
  db:close()
  if #list == 0 then list[1] = '<p class="quiet">Nobody has written yet.</p>' end

  return page.send(r, "Guest book", [[
<h1>Guest book</h1>
$note
<form method="post" action="/lua/guestbook">
<input type="hidden" name="token" value="$token">
<label>Name <input name="name" maxlength="80" required></label>
<label>Your words <textarea name="text" rows="3" maxlength="2000" required></textarea></label>
<button>Sign</button>
</form>
$list
]], { note = note, list = table.concat(list, "\n"), token = r:sha1(r:clock() .. tostring(list) .. math.random()) })
end
