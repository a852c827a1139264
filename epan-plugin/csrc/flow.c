/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow.c: in, the core's reports of each transfer; out, the arrows of Wireshark's Flow Graph: host, stick or meter, and pump.
 *
 * No development package has epan/sequence_analysis.h, so what is used of it is declared here: this is the only file that
 * knows. Offsets were compared with the machine code of 4.0.17, 4.4.19 and 4.6.9. At start, epan is given two items to
 * arrange; unless it finds in them what was put there, there is no flow graph, and nothing else changes.
 */
#include "taps.h"
#include "compat.h"

#include <epan/address.h>
#include <epan/column-utils.h>
#include <epan/tap.h>
#include <string.h>

/* An arrow. epan frees it with all that it points to. */
typedef struct flow_item {
    uint32_t frame_number;
    address source;
    uint16_t source_port;
    address destination;
    uint16_t destination_port;
    char *label; /* above the arrow */
    char *time;
    char *comment; /* beside it */
    uint16_t conversation;
    unsigned foreground, background;
    epan_bool has_colors;
    epan_bool is_shown;
    unsigned source_node, destination_node; /* epan numbers the vertical lines */
    uint16_t line_width;
    int kind_of_details; /* an enum; 0 is none */
    void *details;
} flow_item;

/* The beginning of what a tap of a flow graph is given; epan makes it. */
typedef struct flow_graph {
    const char *name;
    epan_bool any_address;
    int n_conversations;
    GQueue *items;
} flow_graph;

WS_DLL_PUBLIC void register_seq_analysis(const char *name, const char *ui_name, const int protocol, const char *tap_name,
                                         unsigned tap_flags, tap_packet_cb take);
WS_DLL_PUBLIC flow_graph *sequence_analysis_info_new(void);
WS_DLL_PUBLIC void sequence_analysis_info_free(flow_graph *graph);
WS_DLL_PUBLIC int sequence_analysis_get_nodes(flow_graph *graph);

static int tap = 0;

static void set_end(address *end, const char *name)
{
    const address given = ADDRESS_INIT(AT_STRINGZ, (int)strlen(name) + 1, name);

    copy_address(end, &given);
}

static flow_item *add_arrow(flow_graph *graph, uint32_t frame, const char *from, const char *to)
{
    flow_item *item = g_new0(flow_item, 1);

    item->frame_number = frame;
    set_end(&item->source, from);
    set_end(&item->destination, to);
    item->is_shown = true;
    item->line_width = 1;
    g_queue_push_tail(graph->items, item);
    return item;
}

/* Whether epan sees in our items what we see in them. */
static bool layout_holds(void)
{
    flow_graph *graph = sequence_analysis_info_new();

    if (graph->items == NULL || graph->items->length != 0 || graph->items->head != NULL)
        return false;
    const flow_item *back = add_arrow(graph, 2, "b", "c"), *there = add_arrow(graph, 1, "b", "a");
    add_arrow(graph, 3, "c", "d")->is_shown = false;
    const bool holds = sequence_analysis_get_nodes(graph) == 2 && back->source_node == 0 && back->destination_node == 1 &&
                       there->source_node == 0 && there->destination_node == 2;

    sequence_analysis_info_free(graph);
    return holds;
}

/* One step: what the packet list says of it stands beside the arrow to or from the host. */
static void step(flow_graph *graph, packet_info *pinfo, const char *from, const char *to, const char *label,
                 const char *comment)
{
    char time[COL_MAX_LEN] = "";
    flow_item *item = add_arrow(graph, pinfo->num, from, to);

    set_fd_time(pinfo->epan, pinfo->fd, time);
    item->time = g_strdup(time);
    item->label = g_strdup(label);
    item->comment = g_strdup(comment);
}

static tap_packet_status draw(void *tapdata, packet_info *pinfo, epan_dissect_t *edt _U_, const void *data,
                              tap_flags_t flags _U_)
{
    static const char host[] = "host";
    const tapped *transfer = data;

    for (uint32_t i = 0; i < transfer->n_reports; i++) {
        const cl_report *report = &transfer->reports[i];
        const bool over_radio = (report->flags & CL_OVER_RADIO) != 0 && report->pump;

        /* The pieces of a frame before its last one have nothing to tell. */
        if (!(report->flags & CL_FRAME))
            continue;
        const char *device = transfer->device;
        char *pump = g_strdup_printf("pump %s", transfer->texts + report->pump);
        const char *asked = transfer->texts + report->pump_command;

        if (report->direction == CL_TO_STICK) {
            step(tapdata, pinfo, host, device, transfer->info, transfer->info);
            if (over_radio)
                step(tapdata, pinfo, device, pump, asked, "");
        } else {
            if (over_radio)
                step(tapdata, pinfo, pump, device, asked, "");
            step(tapdata, pinfo, device, host, transfer->info, transfer->info);
        }
        g_free(pump);
    }
    return TAP_PACKET_REDRAW;
}

bool flow_has_listener(void)
{
    return have_tap_listener(tap);
}

void flow_queue(packet_info *pinfo, const tapped *transfer)
{
    tap_queue_packet(tap, pinfo, transfer);
}

void flow_register(int protocol)
{
    tap = register_tap("carelink_flow");
    if (layout_holds())
        register_seq_analysis("carelink", "CareLink Flows", protocol, "carelink_flow", 0, draw);
}
