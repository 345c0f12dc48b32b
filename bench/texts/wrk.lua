-- Sends one body per request in a closed loop: `wrk -s bench/texts/wrk.lua http://127.0.0.1:8000/predict`, after `npm run bench:texts`.

local bodies = {}
local threads = 0

function setup (thread)
  threads = threads + 1
  thread:set("offset", threads)
end

function init ()
  for line in io.lines(os.getenv("BODIES") or ".cache/bench-texts/bodies.ndjson") do
    bodies[#bodies + 1] = line
  end
  -- Threads start at different bodies.
  index = (offset * 7919) % #bodies
  wrk.method = "POST"
  wrk.headers["content-type"] = "application/json"
  local key = os.getenv("API_KEY")
  if key and key ~= "" then wrk.headers["authorization"] = "Bearer " .. key end
end

function request ()
  index = index % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[index])
end
