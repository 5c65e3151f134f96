-- Is this record a later one than what is known? (epoch, version), as in (bucket epoch, n) of the records; within one
-- version what was told meanwhile (report.lua) grows.
local function is_newer(record, known)
    if not known then
        return true
    end
    for _, name in ipairs({'epoch', 'version', 'told'}) do
        local a, b = tonumber(record[name] or '0'), tonumber(known[name] or '0')
        if a ~= b then
            return a > b
        end
    end
    return false
end
