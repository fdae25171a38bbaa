-- Sends the bodies of a file, one a line, in turn: wrk -s rows.lua URL -- FILE
local bodies, n = {}, 0
function init(arguments)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  for line in io.lines(arguments[1]) do
    bodies[#bodies + 1] = wrk.format(nil, nil, nil, line)
  end
end
function request()
  n = n % #bodies + 1
  return bodies[n]
end
