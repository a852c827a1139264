/* SPDX-License-Identifier: GPL-2.0-or-later */
/* taps.h: what the shim hands to Wireshark's statistics. */
#ifndef CARELINK_TAPS_H
#define CARELINK_TAPS_H

#include "shim.h"

#include <stdbool.h>

/* With the protocol's other registrations, and once all protocols are registered. */
void taps_register(int protocol, const clshim_tables *tables);
void taps_hand_off(void);

/* A file is opened: its sticks are counted anew. */
void taps_begin_file(void);

/* Whether anybody listens, so that reports are wanted. */
bool taps_have_listener(void);

/* Notes the number of the stick that a packet is from; a packet that somebody sees may be asked to be followed. */
void taps_count_stream(packet_info *pinfo, uint32_t stream, bool may_be_followed);

/* Hands over one transfer, as `view` tells of it. */
void taps_queue(packet_info *pinfo, tvbuff_t *tvb, const cl_view *view);

#endif
