/* SPDX-License-Identifier: GPL-2.0-or-later */
/* taps.c: in, the core's reports of each transfer; out, Wireshark's statistics, objects, streams and exported PDUs.
 *
 * One tap, "carelink", serves all statistics. Export Objects, Export PDU and the flow graph (flow.c) bring taps of their own.
 */
#include "taps.h"
#include "compat.h"

#include <epan/conversation_table.h>
#include <epan/export_object.h>
#include <epan/exported_pdu.h>
#include <epan/follow.h>
#include <epan/proto_data.h>
#include <epan/srt_table.h>
#include <epan/stats_tree.h>
#include <epan/tap.h>
#include <wsutil/exported_pdu_tlvs.h>

/* Under which key a packet keeps the number of its stick; key 0 is the shim's. */
enum { STREAM_KEY = 1 };

static const clshim_tables *names;
static int proto = -1;
static int tap = 0, object_tap = 0, pdu_tap = 0;
static uint32_t n_streams; /* of the open file */

static const char *text(const tapped *transfer, uint32_t offset)
{
    return transfer->texts + offset;
}

static bool to_stick(const cl_report *report)
{
    return report->direction == CL_TO_STICK;
}

/* ---- Service response time ---- */

enum { PUMP_TABLE, STICK_TABLE, METER_TABLE, TABLES, OPCODES = 256 };

static void init_response_table(GArray *tables, const char *name, const char *filter, const value_string *commands)
{
    srt_stat_table *table = init_srt_table(name, NULL, tables, OPCODES, "Command", filter, NULL);

    for (uint32_t opcode = 0; opcode < OPCODES; opcode++) {
        const char *known = try_val_to_str(opcode, commands);
        char *row = known ? g_strdup(known) : g_strdup_printf("unknown (0x%02x)", opcode);

        init_srt_table_row(table, (int)opcode, row);
        g_free(row);
    }
}

static void init_response_times(struct register_srt *srt _U_, GArray *tables)
{
    init_response_table(tables, "CareLink Pump Commands", "carelink.pump.opcode", names->pump_commands);
    init_response_table(tables, "CareLink Stick Commands", "carelink.stick.opcode", names->stick_commands);
    init_response_table(tables, "CareLink Meter Operations", "carelink.nextlink.operation", names->meter_operations);
}

static void add_response_time(srt_data_t *data, guint table, uint8_t opcode, uint64_t asked, packet_info *pinfo)
{
    const nstime_t time = {.secs = (time_t)(asked / 1000000000), .nsecs = (int)(asked % 1000000000)};

    add_srt_table_data(g_array_index(data->srt_array, srt_stat_table *, table), opcode, &time, pinfo);
}

static tap_packet_status count_response_times(void *tapdata, packet_info *pinfo, epan_dissect_t *edt _U_,
                                              const void *data, tap_flags_t flags _U_)
{
    const tapped *transfer = data;

    for (uint32_t i = 0; i < transfer->n_reports; i++) {
        const cl_report *report = &transfer->reports[i];

        if (report->flags & CL_RESPONDS)
            add_response_time(tapdata, PUMP_TABLE, report->pump_opcode, report->pump_asked, pinfo);
        if (report->flags & CL_ANSWERS)
            add_response_time(tapdata, report->device == CL_METER ? METER_TABLE : STICK_TABLE, report->device_code,
                              report->asked, pinfo);
    }
    return TAP_PACKET_REDRAW;
}

/* ---- Statistics tree ---- */

static const char PUMP_COMMANDS[] = "Pump Commands", STICK_COMMANDS[] = "Stick Commands", OUTCOMES[] = "Outcomes",
                  PUMP_NAKS[] = "Pump NAKs", STICK_NAKS[] = "Stick NAKs", METER_COMMANDS[] = "Meter Commands",
                  METER_NAKS[] = "Meter NAKs", BAD_CRCS[] = "Bad CRCs",
                  STRENGTH[] = "RSSI (dBm)";

/* So that all of a stick's are shown, in this order, even if nothing is counted. */
static void begin_tree(stats_tree *tree)
{
    const char *const parents[] = {PUMP_COMMANDS, STICK_COMMANDS, OUTCOMES, PUMP_NAKS, STICK_NAKS};

    for (size_t i = 0; i < G_N_ELEMENTS(parents); i++)
        stats_tree_create_node(tree, parents[i], 0, STAT_DT_INT, true);
    stats_tree_create_node(tree, BAD_CRCS, 0, STAT_DT_INT, false);
    stats_tree_create_node(tree, STRENGTH, 0, STAT_DT_INT, false);
}

/* Counts `name` below `parent`, unless it is the empty text. */
static void count(stats_tree *tree, const char *parent, const char *name)
{
    if (*name)
        tick_stat_node(tree, name, tick_stat_node(tree, parent, 0, true), false);
}

static tap_packet_status count_in_tree(stats_tree *tree, packet_info *pinfo _U_, epan_dissect_t *edt _U_,
                                       const void *data, tap_flags_t flags _U_)
{
    const tapped *transfer = data;

    for (uint32_t i = 0; i < transfer->n_reports; i++) {
        const cl_report *report = &transfer->reports[i];
        const bool meter = report->device == CL_METER;

        if (to_stick(report)) {
            count(tree, meter ? METER_COMMANDS : STICK_COMMANDS, text(transfer, report->device_command));
            if (report->flags & CL_TRANSMITS)
                count(tree, PUMP_COMMANDS, text(transfer, report->pump_command));
        }
        count(tree, OUTCOMES, text(transfer, report->outcome));
        count(tree, PUMP_NAKS, text(transfer, report->pump_nak));
        count(tree, meter ? METER_NAKS : STICK_NAKS, text(transfer, report->device_nak));
        increase_stat_node(tree, BAD_CRCS, 0, false, (int)report->bad_crcs);
        if (report->flags & CL_HAS_RSSI)
            avg_stat_node_add_value_int(tree, STRENGTH, 0, false, report->rssi);
    }
    return TAP_PACKET_REDRAW;
}

/* ---- Conversations and endpoints: the stick and each pump ---- */

/* The field that holds the address in question; each frame that is counted has them all. There are no ports. */
static const char *address_field(conv_filter_type_e type)
{
    switch (type) {
    case CONV_FT_SRC_ADDRESS:
        return "carelink.src";
    case CONV_FT_DST_ADDRESS:
        return "carelink.dst";
    case CONV_FT_ANY_ADDRESS:
        return "carelink.addr";
    default:
        return CONV_FILTER_INVALID;
    }
}

static const char *conversation_filter(conv_item_t *item _U_, conv_filter_type_e type)
{
    return address_field(type);
}

static const char *endpoint_filter(endpoint_item_t *item _U_, conv_filter_type_e type)
{
    return address_field(type);
}

static void set_ends(const tapped *transfer, const cl_report *report, address *stick, address *pump)
{
    const char *serial = text(transfer, report->pump);

    set_address(stick, AT_STRINGZ, (int)strlen(transfer->device) + 1, transfer->device);
    set_address(pump, AT_STRINGZ, (int)strlen(serial) + 1, serial);
}

static tap_packet_status count_conversations(void *tapdata, packet_info *pinfo, epan_dissect_t *edt _U_,
                                             const void *data, tap_flags_t flags)
{
    static ct_dissector_info_t info = {conversation_filter};
    const tapped *transfer = data;
    conv_hash_t *hash = tapdata;

    hash->flags = flags;
    for (uint32_t i = 0; i < transfer->n_reports; i++) {
        const cl_report *report = &transfer->reports[i];
        address stick, pump;

        if (!report->pump)
            continue;
        set_ends(transfer, report, &stick, &pump);
        add_conversation_table_data(hash, to_stick(report) ? &stick : &pump, to_stick(report) ? &pump : &stick, 0, 0,
                                    1, (int)report->len, &pinfo->rel_ts, &pinfo->abs_ts, &info, CONVERSATION_NONE);
    }
    return TAP_PACKET_REDRAW;
}

static tap_packet_status count_endpoints(void *tapdata, packet_info *pinfo _U_, epan_dissect_t *edt _U_,
                                         const void *data, tap_flags_t flags)
{
    static et_dissector_info_t info = {endpoint_filter};
    const tapped *transfer = data;
    conv_hash_t *hash = tapdata;

    hash->flags = flags;
    for (uint32_t i = 0; i < transfer->n_reports; i++) {
        const cl_report *report = &transfer->reports[i];
        address stick, pump;

        if (!report->pump)
            continue;
        set_ends(transfer, report, &stick, &pump);
        add_endpoint_table_data(hash, &stick, 0, to_stick(report), 1, (int)report->len, &info, ENDPOINT_NONE);
        add_endpoint_table_data(hash, &pump, 0, !to_stick(report), 1, (int)report->len, &info, ENDPOINT_NONE);
    }
    return TAP_PACKET_REDRAW;
}

/* ---- Export Objects ---- */

static tap_packet_status export_objects(void *tapdata, packet_info *pinfo, epan_dissect_t *edt _U_, const void *data,
                                        tap_flags_t flags _U_)
{
    const tapped *transfer = data;
    export_object_list_t *list = tapdata;
    tap_packet_status status = TAP_PACKET_DONT_REDRAW;

    for (uint32_t i = 0; i < transfer->n_reports; i++) {
        const cl_report *report = &transfer->reports[i];

        if (report->object == NULL)
            continue;
        export_object_entry_t *entry = g_new0(export_object_entry_t, 1);
        entry->pkt_num = pinfo->num;
        entry->hostname = g_strdup(text(transfer, report->pump));
        entry->content_type = g_strdup(text(transfer, report->pump_command));
        entry->filename = g_strdup(text(transfer, report->object_name));
        entry->payload_len = report->object_len;
        entry->payload_data = g_memdup2(report->object, report->object_len);
        list->add_entry(list->gui_data, entry);
        status = TAP_PACKET_REDRAW;
    }
    return status;
}

/* ---- Follow: the bytes of one stick ---- */

static char *follow_by_index(unsigned stream, unsigned part _U_)
{
    return g_strdup_printf("carelink.stream == %u", stream);
}

static char *follow_by_packet(epan_dissect_t *edt _U_, packet_info *pinfo, unsigned *stream, unsigned *part)
{
    const uint32_t *number = p_get_proto_data(pinfo->pool, pinfo, proto, STREAM_KEY);

    if (number == NULL)
        return NULL;
    *stream = *number;
    *part = 0;
    return follow_by_index(*number, 0);
}

/* Follow asks by addresses of TCP or UDP too. A stick has none: no frame is the answer. */
static char *follow_by_addresses(address *source _U_, address *destination _U_, int source_port _U_,
                                 int destination_port _U_)
{
    return g_strdup("frame.number == 0");
}

static char *port_name(wmem_allocator_t *scope, unsigned port _U_)
{
    return wmem_strdup(scope, "");
}

static uint32_t count_streams(void)
{
    return n_streams;
}

/* The host is the client, whoever speaks first, and whether or not the carrier has addresses. */
static tap_packet_status follow_transfer(void *tapdata, packet_info *pinfo, epan_dissect_t *edt _U_, const void *data,
                                         tap_flags_t flags _U_)
{
    const tapped *transfer = data;
    follow_info_t *follow = tapdata;
    const bool from_stick = !to_stick(&transfer->reports[0]);
    const unsigned length = tvb_captured_length(transfer->tvb);
    follow_record_t *record = g_new0(follow_record_t, 1);

    if (follow->client_ip.type == AT_NONE) {
        copy_address(&follow->client_ip, from_stick ? &pinfo->dst : &pinfo->src);
        copy_address(&follow->server_ip, from_stick ? &pinfo->src : &pinfo->dst);
    }
    record->is_server = from_stick;
    record->packet_num = pinfo->num;
    record->abs_ts = pinfo->abs_ts;
    record->data = g_byte_array_sized_new(length);
    g_byte_array_append(record->data, tvb_get_ptr(transfer->tvb, 0, (int)length), length);
    follow->bytes_written[from_stick] += length;
    follow->payload = g_list_prepend(follow->payload, record);
    return TAP_PACKET_DONT_REDRAW;
}

/* ---- Export PDU: with the direction, and with ports that keep the sticks apart ---- */

enum { PDU_TAGS = 5, PDU_TAG_BYTES = 8 };

static int pdu_tags_size(packet_info *pinfo _U_, void *data _U_)
{
    return PDU_TAGS * PDU_TAG_BYTES;
}

static int write_pdu_tags(packet_info *pinfo, void *data, uint8_t *buffer, uint32_t size)
{
    const tapped *transfer = data;
    const bool to = to_stick(&transfer->reports[0]);
    const uint32_t host = 0, stick = transfer->stream + 1;
    const uint32_t tags[PDU_TAGS][2] = {
        {EXP_PDU_TAG_PORT_TYPE, EXP_PDU_PT_USB},
        {EXP_PDU_TAG_SRC_PORT, to ? host : stick},
        {EXP_PDU_TAG_DST_PORT, to ? stick : host},
        {EXP_PDU_TAG_ORIG_FNO, pinfo->num},
        {EXP_PDU_TAG_P2P_DIRECTION, to ? P2P_DIR_SENT : P2P_DIR_RECV},
    };

    if (size < PDU_TAGS * PDU_TAG_BYTES)
        return 0;
    for (size_t i = 0; i < PDU_TAGS; i++) {
        const uint32_t words[] = {GUINT32_TO_BE(tags[i][0] << 16 | sizeof(uint32_t)), GUINT32_TO_BE(tags[i][1])};

        memcpy(buffer + i * PDU_TAG_BYTES, words, sizeof words);
    }
    return PDU_TAGS * PDU_TAG_BYTES;
}

static void export_pdu(packet_info *pinfo, tapped *transfer)
{
    const exp_pdu_data_item_t tags = {pdu_tags_size, write_pdu_tags, transfer};
    const exp_pdu_data_item_t *items[] = {&tags, NULL};
    const char *name = transfer->reports[0].device == CL_METER ? "carelink_nextlink" : "carelink";
    exp_pdu_data_t *pdu = export_pdu_create_tags(pinfo, name, EXP_PDU_TAG_DISSECTOR_NAME, items);

    pdu->pdu_tvb = transfer->tvb;
    pdu->tvb_captured_length = tvb_captured_length(transfer->tvb);
    pdu->tvb_reported_length = tvb_reported_length(transfer->tvb);
    tap_queue_packet(pdu_tap, pinfo, pdu);
}

/* ---- The tap ---- */

bool taps_have_listener(void)
{
    return have_tap_listener(tap) || have_tap_listener(object_tap) || have_tap_listener(pdu_tap) || flow_has_listener();
}

static tapped *keep(wmem_allocator_t *pool, tvbuff_t *tvb, const cl_view *view)
{
    tapped *transfer = wmem_new(pool, tapped);
    cl_report *reports = wmem_memdup(pool, view->reports, view->n_reports * sizeof *reports);
    const char *texts = wmem_memdup(pool, view->texts, view->texts_len);

    for (uint32_t i = 0; i < view->n_reports; i++)
        if (reports[i].object)
            reports[i].object = wmem_memdup(pool, reports[i].object, reports[i].object_len);
    *transfer = (tapped){
        .tvb = tvb,
        .device = texts + view->stick,
        .info = texts + view->info,
        .texts = texts,
        .reports = reports,
        .n_reports = view->n_reports,
        .stream = view->stream,
    };
    return transfer;
}

void taps_count_stream(packet_info *pinfo, uint32_t stream, bool may_be_followed)
{
    if (stream == CL_NO_STREAM)
        return;
    n_streams = MAX(n_streams, stream + 1);
    if (may_be_followed && p_get_proto_data(pinfo->pool, pinfo, proto, STREAM_KEY) == NULL)
        p_add_proto_data(pinfo->pool, pinfo, proto, STREAM_KEY, wmem_memdup(pinfo->pool, &stream, sizeof stream));
}

void taps_queue(packet_info *pinfo, tvbuff_t *tvb, const cl_view *view)
{
    if (view->n_reports == 0)
        return;

    tapped *transfer = keep(pinfo->pool, tvb, view);
    tap_queue_packet(tap, pinfo, transfer);
    tap_queue_packet(object_tap, pinfo, transfer);
    flow_queue(pinfo, transfer);
    if (have_tap_listener(pdu_tap))
        export_pdu(pinfo, transfer);
}

void taps_begin_file(void)
{
    n_streams = 0;
}

void taps_register(int protocol, const clshim_tables *tables)
{
    proto = protocol;
    names = tables;
    tap = register_tap("carelink");
    object_tap = register_export_object(proto, export_objects, NULL);
    register_srt_table(proto, "carelink", TABLES, count_response_times, init_response_times, NULL);
    flow_register(proto);
    register_conversation_table(proto, true, count_conversations, count_endpoints);
    register_follower(proto, "carelink", follow_by_packet, follow_by_index, follow_by_addresses, port_name,
                      follow_transfer, count_streams);
}

void taps_hand_off(void)
{
    pdu_tap = register_export_pdu_tap("CareLink");
    stats_tree_register_plugin("carelink", "carelink", "CareLink", 0, count_in_tree, begin_tree, NULL);
}
