/* SPDX-License-Identifier: GPL-2.0-or-later */
/* null.c: in, the transfers that our plugin would take; out, nothing, or with OPCODES two numbers. The one costs what
 * any plugin costs that takes them, the other what any costs that shows the opcodes of both levels, however it
 * finds them: what our plugin costs beyond is its own. Built by `cargo xtask bench`, and only there.
 */
#include "compat.h"

#include <gmodule.h>
#include <epan/proto.h>
#include <ws_symbol_export.h>

WS_DLL_PUBLIC_DEF const char plugin_version[] = "0";
WS_DLL_PUBLIC_DEF const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
WS_DLL_PUBLIC_DEF const int plugin_want_minor = WIRESHARK_VERSION_MINOR;
WS_DLL_PUBLIC void plugin_register(void);
WS_DLL_PUBLIC uint32_t plugin_describe(void);

static int proto = -1, opcode = -1, subtree = -1;
static dissector_handle_t handle;

static int take(tvbuff_t *tvb, packet_info *pinfo _U_, proto_tree *tree _U_, void *data _U_)
{
#ifdef OPCODES
    proto_tree *ours = proto_item_add_subtree(proto_tree_add_item(tree, proto, tvb, 0, -1, ENC_NA), subtree);

    /* Any numbers do: no byte is read here. */
    proto_tree_add_uint(ours, opcode, tvb, 0, 1, 0x03);
    proto_tree_add_uint(ours, opcode, tvb, 0, 1, 0x80);
#endif
    return (int)tvb_captured_length(tvb);
}

static epan_bool guess(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return take(tvb, pinfo, tree, data) > 0;
}

static void declare(void)
{
    static hf_register_info fields[] = {
        {&opcode, {"Opcode", "carelink.opcode", FT_UINT8, BASE_HEX, NULL, 0, NULL, HFILL}},
    };
    static int *subtrees[] = {&subtree};

    proto = proto_register_protocol("CareLink USB", "CareLink", "carelink");
    proto_register_field_array(proto, fields, array_length(fields));
    proto_register_subtree_array(subtrees, array_length(subtrees));
    handle = register_dissector("carelink_usb", take, proto);
}

static void hand_off(void)
{
    dissector_add_uint("usb.product", 0x0a218001, handle);
    heur_dissector_add("usb.bulk", guess, "CareLink USB", "carelink_usb", proto, HEURISTIC_ENABLE);
}

void plugin_register(void)
{
    static proto_plugin plugin = {.register_protoinfo = declare, .register_handoff = hand_off};
    proto_register_plugin(&plugin);
}

uint32_t plugin_describe(void)
{
    return 1;
}
