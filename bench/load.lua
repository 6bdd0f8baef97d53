-- What `cargo xtask bench functions` has wrk do: wrk ... -s load.lua URL -- [FILE]
-- FILE has a path a line, which are asked for in turn; without it, URL alone is.
-- At the end stands one line of JSON, since wrk's own text is rounded and for people.

local threads = 0

function setup(thread)
  thread:set("first", threads * 101)
  threads = threads + 1
end

function init(arguments)
  if not arguments[1] then return end
  local requests = {}
  for path in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
  local turn = first
  request = function()
    turn = turn % #requests + 1
    return requests[turn]
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"seconds":%.6f,"requests":%d,"bytes":%.0f,"p50_us":%d,"p99_us":%d,"refused":%d,"broken":%d}\n',
    summary.duration / 1e6, summary.requests, summary.bytes,
    latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
