-- LuaOutputFilter: marks a word in the paragraphs of whatever httpd sends, here a plain file. A filter is a coroutine.
function mark(r)
  local word = r:parseargs().word
  if not word or not word:find("^%a+$") then return end    -- not ours: it passes untouched

  coroutine.yield()                                         -- ready
  local pieces = {}
  while bucket do                                           -- a global: the next piece, nil behind the last
    pieces[#pieces + 1] = bucket
    coroutine.yield("")                                     -- a word may go on in the next piece
  end

  local function in_text(text)                              -- from the end of a tag to the next one
    return (text:gsub("%f[%a]" .. word .. "%f[%A]", "<mark>%0</mark>"))
  end
  local function in_paragraph(paragraph)
    return (paragraph:gsub(">[^<]*", in_text))
  end
  coroutine.yield((table.concat(pieces):gsub("<p>.-</p>", in_paragraph)))
end
