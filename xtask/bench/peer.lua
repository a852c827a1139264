-- peer.lua: in, the transfers of a CareLink stick; out, the fields that a script of an afternoon shows: opcodes, serial,
-- status, radio header, payload, and the CRCs. It is the peer that `cargo xtask bench` measures our plugin against.

local carelink = Proto("carelink", "CareLink USB")

local f = {
    opcode = ProtoField.uint8("carelink.opcode", "Opcode", base.HEX),
    serial = ProtoField.string("carelink.pump.serial", "Pump Serial"),
    length = ProtoField.uint16("carelink.radio.length", "Length", base.DEC),
    retries = ProtoField.uint8("carelink.radio.retries", "Retries", base.DEC),
    kind = ProtoField.uint8("carelink.radio.type", "Response Type", base.DEC),
    rssi = ProtoField.int8("carelink.radio.rssi", "RSSI", base.DEC),
    payload = ProtoField.bytes("carelink.radio.payload", "Payload"),
    ack = ProtoField.uint8("carelink.stick.ack", "Acknowledge", base.HEX),
    bits = ProtoField.uint8("carelink.stick.status.bits", "Status", base.HEX),
    available = ProtoField.uint16("carelink.stick.status.available", "Bytes Available", base.DEC),
    rest = ProtoField.bytes("carelink.leftover", "Left Over"),
    crc = ProtoField.uint8("carelink.crc", "CRC", base.HEX),
    good = ProtoField.bool("carelink.crc.good", "CRC Good"),
}
carelink.fields = f

-- Lua 5.4 has no bit32; Wireshark brings a library of its own.
local bit32 = bit32 or bit

local crc_table = {}
for value = 0, 255 do
    local crc = value
    for _ = 1, 8 do
        crc = bit32.band(crc, 0x80) ~= 0 and bit32.bxor(bit32.lshift(crc, 1), 0x9b) or bit32.lshift(crc, 1)
        crc = bit32.band(crc, 0xff)
    end
    crc_table[value] = crc
end

local function check(tree, tvb, from, len)
    if tvb:len() <= from + len then return end
    local bytes, crc = tvb:bytes(from, len), 0
    for at = 0, len - 1 do
        crc = crc_table[bit32.bxor(crc, bytes:get_index(at))]
    end
    tree:add(f.crc, tvb(from + len, 1))
    tree:add(f.good, tvb(from + len, 1), crc == tvb(from + len, 1):uint()):set_generated()
end

-- The command that the next reply answers.
local waiting, answered = nil, {}

function carelink.init()
    waiting, answered = nil, {}
end

local function command(tvb, tree)
    local opcode = tvb(0, 1):uint()
    waiting = opcode
    tree:add(f.opcode, tvb(0, 1))
    if opcode == 1 and tvb:len() >= 16 then
        tree:add(f.serial, tvb(4, 3), tostring(tvb:bytes(4, 3)))
        tree:add(f.length, tvb(7, 2), bit32.band(tvb(7, 2):uint(), 0x7fff))
        tree:add(f.retries, tvb(10, 1))
        tree:add(f.opcode, tvb(13, 1))
        check(tree, tvb, 0, 14)
    elseif opcode == 0x0c and tvb:len() >= 5 then
        tree:add(f.length, tvb(2, 2))
        check(tree, tvb, 0, 4)
    end
end

local function reply(tvb, pinfo, tree)
    if not pinfo.visited then answered[pinfo.number] = waiting end
    local opcode = answered[pinfo.number]
    if opcode then tree:add(f.opcode, tvb(0, 0), opcode):set_generated() end
    if tvb(0, 1):uint() == 2 and tvb:len() >= 14 then
        local length = bit32.band(tvb(5, 2):uint(), 0x7fff)
        tree:add(f.kind, tvb(2, 1))
        tree:add(f.retries, tvb(3, 1))
        tree:add(f.rssi, tvb(4, 1))
        tree:add(f.length, tvb(5, 2), length)
        tree:add(f.serial, tvb(9, 3), tostring(tvb:bytes(9, 3)))
        check(tree, tvb, 0, 12)
        tree:add(f.payload, tvb(13, math.min(length, tvb:len() - 13)))
        check(tree, tvb, 13, length)
    elseif tvb:len() == 64 then
        tree:add(f.ack, tvb(1, 1))
        if opcode == 3 then
            tree:add(f.bits, tvb(5, 1))
            tree:add(f.available, tvb(6, 2))
            tree:add(f.rest, tvb(11))
        else
            tree:add(f.rest, tvb(3))
        end
    else
        tree:add(f.payload, tvb())
    end
end

function carelink.dissector(tvb, pinfo, root)
    pinfo.cols.protocol = "CareLink"
    local tree = root:add(carelink, tvb())
    if tostring(pinfo.src) == "host" then command(tvb, tree) else reply(tvb, pinfo, tree) end
    return tvb:len()
end

carelink:register_heuristic("usb.bulk", function(tvb, pinfo, root)
    carelink.dissector(tvb, pinfo, root)
    return true
end)
DissectorTable.get("usb.product"):add(0x0a218001, carelink)
