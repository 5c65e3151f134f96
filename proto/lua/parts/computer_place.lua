-- Group and name without regard to ASCII case: what makes a managed computer the same, and the order of the list.
local function place(computer)
    return string.lower(computer.group) .. '\31' .. string.lower(computer.name) .. '\31'
end
