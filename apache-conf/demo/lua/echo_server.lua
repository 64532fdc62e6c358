function handle(c)
  c:write("Say something.\r\n")
  local line = c:read()
  while line and line ~= "quit" do
    c:write(line:reverse(), "\r\n")
    line = c:read()    -- nil when the client has left, or says nothing for as long as Timeout says
  end
end
