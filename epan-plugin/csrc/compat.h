/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compat.h: in, the headers of one Wireshark version; out, one set of names for all.
 *
 * Every #if on a version is in this file. Tried with 4.0, 4.4 and 4.6.
 */
#ifndef CARELINK_COMPAT_H
#define CARELINK_COMPAT_H

#include <epan/dissectors/packet-usb.h>
#include <epan/follow.h>
#include <epan/packet.h>
#include <stdbool.h>
#include <ws_version.h>

#define EPAN_FROM(major, minor)                                                                              \
    (WIRESHARK_VERSION_MAJOR > (major) ||                                                                    \
     (WIRESHARK_VERSION_MAJOR == (major) && WIRESHARK_VERSION_MINOR >= (minor)))

/* What a heuristic returns, and a preference holds. */
#if EPAN_FROM(4, 3)
typedef bool epan_bool;
#else
typedef gboolean epan_bool;
#endif

/* What the USB dissector hands to a dissector that it calls. */
#if EPAN_FROM(4, 2)
typedef urb_info_t usb_call;
#define USB_DEVICE(call) ((call)->conv)
#else
typedef usb_conv_info_t usb_call;
#define USB_DEVICE(call) (call)
#endif

/* Value names in a form that epan finds quickly in. `names` is sorted, and ends in a row of zeros. */
static inline const void *extended_names(const void *names, const char *owner)
{
    const value_string *rows = names;
    unsigned count = 0;

    while (rows[count].strptr != NULL)
        count++;
#if EPAN_FROM(4, 6)
    return value_string_ext_new(wmem_epan_scope(), rows, count + 1, owner);
#else
    return value_string_ext_new(rows, count + 1, owner);
#endif
}

/* A follower whose streams have no parts. 4.0 counts no streams. */
static inline void register_follower(int protocol, const char *tap, follow_conv_filter_func by_packet,
                                     follow_index_filter_func by_index, follow_address_filter_func by_addresses,
                                     follow_port_to_display_func port_name, tap_packet_cb follow,
                                     uint32_t (*count)(void))
{
#if EPAN_FROM(4, 2)
    register_follow_stream(protocol, tap, by_packet, by_index, by_addresses, port_name, follow, count, NULL);
#else
    (void)count;
    register_follow_stream(protocol, tap, by_packet, by_index, by_addresses, port_name, follow);
#endif
}

#endif
