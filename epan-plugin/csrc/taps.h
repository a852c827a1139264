/* SPDX-License-Identifier: GPL-2.0-or-later */
/* taps.h: what the shim hands to Wireshark's statistics. */
#ifndef CARELINK_TAPS_H
#define CARELINK_TAPS_H

#include "shim.h"

#include <stdbool.h>

/* The data of our taps: one transfer. It lives as long as the packet. */
typedef struct tapped {
    tvbuff_t *tvb;
    const char *device;
    const char *info;
    const char *texts; /* what the texts of the reports count from */
    const cl_report *reports;
    uint32_t n_reports;
    uint32_t stream;
} tapped;

/* With the protocol's other registrations, and once all protocols are registered. */
void taps_register(int protocol, const clshim_tables *tables);
void taps_hand_off(void);

/* A file is opened: its sticks are counted anew. */
void taps_begin_file(void);

/* Whether anybody listens, so that reports are wanted. */
bool taps_have_listener(void);

/* Notes the number of the stick that a packet is from; a packet that somebody sees may be asked to be followed. */
void taps_count_stream(packet_info *pinfo, uint32_t stream, bool may_be_followed);

/* Whether anybody draws a flow graph, for which the line of the packet list is wanted. */
bool flow_has_listener(void);

/* With the protocol's other registrations: the flow graph, and what is drawn in it. */
void flow_register(int protocol);
void flow_queue(packet_info *pinfo, const tapped *transfer);

/* Hands over one transfer, as `view` tells of it. */
void taps_queue(packet_info *pinfo, tvbuff_t *tvb, const cl_view *view);

#endif
