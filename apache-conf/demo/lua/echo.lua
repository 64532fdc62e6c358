-- Character by character, not byte by byte: what is no UTF-8 would be sent as binary.
local function reversed(text)
  local out = {}
  for character in text:gmatch("[^\128-\191][\128-\191]*") do table.insert(out, 1, character) end
  return table.concat(out)
end

-- A WebSocket. It keeps its thread and its interpreter as long as it is open.
function handle(r)
  if not r:wsupgrade() then return 400 end

  r:wswrite("Say something.")
  local count = 0
  while true do
    local message = r:wsread()
    if not message then break end    -- closed, or silent for as long as Timeout says
    count = count + 1
    r:wswrite(("%d: %s"):format(count, reversed(message)))
  end
  r:wsclose()
  return apache2.DONE
end
