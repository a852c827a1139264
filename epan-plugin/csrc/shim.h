/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shim.h: what Rust gives to the shim, once. */
#ifndef CARELINK_SHIM_H
#define CARELINK_SHIM_H

#include <epan/packet.h>
#include <epan/expert.h>
#include <epan/tfs.h>
#include <epan/unit_strings.h>
#include <ws_version.h>

#include "carelink.h"

/* Descriptions of all fields and expert infos, at the index that nodes and expert infos name them by. Rust fills in what the
 * dissector has to say; the shim adds where epan writes the numbers. They live as long as the process. */
typedef struct clshim_tables {
    hf_register_info *fields; /* value names with BASE_EXT_STRING are a sorted value_string array still */
    ei_register_info *experts;
    const value_string *pump_commands; /* ends in a row of zeros, as do the next */
    const value_string *stick_commands;
    const value_string *meter_operations;
    uint32_t n_fields;
    uint32_t n_experts;
} clshim_tables;

/* Tells epan of the plugin; epan registers it later. `tables` must stay valid until the process ends. */
void clshim_register(const clshim_tables *tables);

#endif
