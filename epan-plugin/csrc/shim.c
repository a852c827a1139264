/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shim.c: in, epan's calls and the flat lists of the core; out, registrations, columns and trees.
 *
 * No byte of CareLink is read here: the core is asked, returns, and only then is epan called. So when epan
 * throws, it jumps over frames of C alone. What the core returned stays valid until the core is asked again.
 */
#include "shim.h"
#include "compat.h"
#include "taps.h"

#include <epan/address_types.h>
#include <epan/conversation.h>
#include <epan/prefs.h>
#include <epan/proto_data.h>
#include <epan/tap.h>
#include <float.h>
#include <stdint.h>
#include <string.h>
#include <wiretap/wtap.h>
#include <wsutil/report_message.h>

enum { USB_ENDPOINT_MASK = 0x7f };

/* The devices that speak to pumps, and how each carries its data: the stick, and the meters in mg/dL and in mmol/L. */
static const struct {
    uint32_t vendor, product;
    uint8_t carrier;
} devices[] = {
    {0x0a21, 0x8001, CL_TRANSFERS},
    {0x1a79, 0x6200, CL_REPORTS},
    {0x1a79, 0x6300, CL_REPORTS},
};

static const clshim_tables *tables;
static int proto_carelink = -1;
static int *field_ids; /* the memory that registrations point to lives as long as the process */
static int *subtree_ids;
static int protocol_subtree = -1;
static expert_field *expert_ids;
static dissector_handle_t usb_handle, named_handle, tcp_handle;
static int usb_address_type;

static cl_session *session; /* of the open file */

/* Preferences. epan starts the session afresh when they change. */
static epan_bool verify_crc = true, reassemble = true, claim_all = false;
static const char *pump_model = "";

/* ---- The tree ---- */

static proto_item *add_item(const cl_view *view, const cl_node *node, proto_tree *tree, tvbuff_t *tvb)
{
    const int hf = field_ids[node->field];
    const uint32_t captured = tvb_captured_length(tvb);
    const int start = (int)MIN(node->start, captured);
    const int length = (int)MIN(node->len, captured - (uint32_t)start);
    const int64_t number = (int64_t)node->value;
    const header_field_info *field = &tables->fields[node->field].hfinfo;

    switch (field->type) {
    case FT_BOOLEAN:
        return proto_tree_add_boolean(tree, hf, tvb, start, length, node->value != 0);
    case FT_UINT8:
    case FT_UINT16:
    case FT_UINT32:
    case FT_FRAMENUM:
        return proto_tree_add_uint(tree, hf, tvb, start, length, (uint32_t)node->value);
    case FT_INT8:
    case FT_INT32:
        return proto_tree_add_int(tree, hf, tvb, start, length, (int32_t)number);
    case FT_DOUBLE: {
        double fraction;
        memcpy(&fraction, &node->value, sizeof fraction);
        /* 4.0 shows no unit behind a fraction, so all versions are told how. */
        const unit_name_string *unit = field->display & BASE_UNIT_STRING ? field->strings : NULL;
        return proto_tree_add_double_format_value(tree, hf, tvb, start, length, fraction, "%.*g%s", DBL_DIG,
                                                  fraction, unit ? unit->singular : "");
    }
    case FT_STRING:
        return proto_tree_add_string(tree, hf, tvb, start, length, view->texts + node->value);
    case FT_ABSOLUTE_TIME: {
        const nstime_t time = {.secs = (time_t)number, .nsecs = 0};
        return proto_tree_add_time(tree, hf, tvb, start, length, &time);
    }
    case FT_RELATIVE_TIME: {
        const nstime_t span = {.secs = (time_t)(number / 1000000000), .nsecs = (int)(number % 1000000000)};
        return proto_tree_add_time(tree, hf, tvb, start, length, &span);
    }
    default: /* bytes, and heads of subtrees */
        return proto_tree_add_item(tree, hf, tvb, start, length, ENC_NA);
    }
}

static void dress_item(const cl_view *view, const cl_node *node, proto_tree *tree, proto_item *item)
{
    /* Where nobody looks at a field, epan gives back the parent in its place. */
    if (item == NULL || item == tree)
        return;
    if (node->label)
        proto_item_set_text(item, "%s", view->texts + node->label);
    if (node->guessed)
        proto_item_append_text(item, " [guess]");
    if (node->role == CL_GENERATED || node->role == CL_HIDDEN)
        proto_item_set_generated(item);
    if (node->role == CL_HIDDEN)
        proto_item_set_hidden(item);
}

static void add_expert(const cl_view *view, const cl_expert *expert, packet_info *pinfo, proto_item *item)
{
    expert_field *id = &expert_ids[expert->expert];

    if (expert->detail)
        expert_add_info_format(pinfo, item, id, "%s: %s", tables->experts[expert->expert].eiinfo.summary,
                               view->texts + expert->detail);
    else
        expert_add_info(pinfo, item, id);
}

/* The transfer, and behind it what was put together from several: as copies, which live as long as the tree. */
static tvbuff_t **sources_of(const cl_view *view, tvbuff_t *tvb, packet_info *pinfo)
{
    tvbuff_t **tvbs = wmem_alloc_array(pinfo->pool, tvbuff_t *, view->n_sources + 1);

    tvbs[0] = tvb;
    for (uint32_t i = 0; i < view->n_sources; i++) {
        const cl_source *source = &view->sources[i];
        const uint8_t *bytes = wmem_memdup(pinfo->pool, source->bytes, source->len);

        tvbs[i + 1] = tvb_new_child_real_data(tvb, bytes, source->len, (int)source->len);
        add_new_data_source(pinfo, tvbs[i + 1], view->texts + source->name);
    }
    return tvbs;
}

static void add_tree(const cl_view *view, tvbuff_t *tvb, packet_info *pinfo, proto_item *protocol)
{
    tvbuff_t **tvbs = sources_of(view, tvb, pinfo);
    proto_item **items = wmem_alloc_array(pinfo->pool, proto_item *, view->n_nodes + 1);
    proto_tree *parents[UINT8_MAX + 2]; /* by the depth of the items that they head */
    unsigned deepest = 0;

    if (view->root)
        proto_item_set_text(protocol, "%s", view->texts + view->root);
    parents[0] = proto_item_add_subtree(protocol, protocol_subtree);
    for (uint32_t i = 0; i < view->n_nodes; i++) {
        const cl_node *node = &view->nodes[i];
        const unsigned depth = MIN(node->depth, deepest);
        proto_tree *parent = parents[depth];

        items[i] = add_item(view, node, parent, tvbs[MIN(node->source, view->n_sources)]);
        dress_item(view, node, parent, items[i]);
        deepest = depth;
        if (i + 1 < view->n_nodes && view->nodes[i + 1].depth > node->depth)
            parents[++deepest] = proto_item_add_subtree(items[i], subtree_ids[node->field]);
    }
    for (uint32_t i = 0; i < view->n_experts; i++) {
        const cl_expert *expert = &view->experts[i];

        add_expert(view, expert, pinfo, expert->node < view->n_nodes ? items[expert->node] : protocol);
    }
}

/* ---- One transfer ---- */

/* Whether a frame of the capture is a USB packet, which holds one transfer. */
static bool is_usb_packet(const packet_info *pinfo)
{
    switch (pinfo->rec->rec_header.packet_header.pkt_encap) {
    case WTAP_ENCAP_USB_LINUX:
    case WTAP_ENCAP_USB_LINUX_MMAPPED:
    case WTAP_ENCAP_USBPCAP:
    case WTAP_ENCAP_USB_FREEBSD:
    case WTAP_ENCAP_USB_DARWIN:
        return true;
    default:
        return false;
    }
}

/* Several transfers may lie in one frame. All calls are counted, so a revisit counts as the first visit did. */
static uint32_t next_layer(packet_info *pinfo)
{
    uint32_t *count;

    if (is_usb_packet(pinfo))
        return 0;
    count = p_get_proto_data(pinfo->pool, pinfo, proto_carelink, 0);
    if (count == NULL) {
        count = wmem_new0(pinfo->pool, uint32_t);
        p_add_proto_data(pinfo->pool, pinfo, proto_carelink, 0, count);
    }
    return (*count)++;
}

static uint64_t nanoseconds(const nstime_t *time)
{
    return time->secs < 0 ? 0 : (uint64_t)time->secs * 1000000000 + (uint64_t)time->nsecs;
}

/* Whether anybody looks at our expert infos: a list of expert infos, or a filter on one or on all of them. `looked_at` tells
 * whether anybody looks at anything of ours, which our expert infos are for epan, too. */
static bool experts_are_wanted(proto_tree *tree, bool looked_at)
{
    static int tap = 0, protocol = -1;

    /* epan registers its expert infos after all protocols, so they are not yet there at our hand-off. */
    if (protocol < 0) {
        tap = find_tap_id("expert");
        protocol = proto_get_id_by_filter_name("_ws.expert");
    }
    if (have_tap_listener(tap))
        return true;
    /* Without a tree no filter looks at anything, and in one to be seen all is made anyway. */
    if (tree == NULL || PTREE_DATA(tree)->visible)
        return false;
    if (protocol >= 0 && proto_field_is_referenced(tree, protocol))
        return true;
    for (uint32_t i = 0; looked_at && i < tables->n_experts; i++)
        if (tables->experts[i].eiinfo.hf_info.hfinfo.ref_type != HF_REF_TYPE_NONE)
            return true;
    return false;
}

/* epan notes for each field whether anybody looks at it: all others need not be made. NULL if all are to be seen. */
static const int *wanted(proto_tree *tree)
{
    G_STATIC_ASSERT(HF_REF_TYPE_NONE == 0 && sizeof tables->fields->hfinfo.ref_type == sizeof(int));

    if (tree == NULL || PTREE_DATA(tree)->visible)
        return NULL;
    return (const int *)&tables->fields->hfinfo.ref_type;
}

static void set_columns(packet_info *pinfo, const char *info)
{
    col_set_str(pinfo->cinfo, COL_PROTOCOL, "CareLink");
    if (*info == '\0')
        return;
    /* What the carrier says goes; what earlier transfers of this frame said is behind the fence, and stays. */
    col_clear(pinfo->cinfo, COL_INFO);
    col_append_sep_str(pinfo->cinfo, COL_INFO, "; ", info);
    col_set_fence(pinfo->cinfo, COL_INFO);
}

/* Whether a comment on the packet says that packets of its stick were left out before it. */
static uint8_t packets_left_out(const packet_info *pinfo)
{
    const wtap_block_t block = pinfo->rec->block;
    const unsigned count = block != NULL ? wtap_block_count_option(block, OPT_COMMENT) : 0;

    for (unsigned i = 0; i < count; i++) {
        char *comment;

        if (wtap_block_get_nth_string_option_value(block, OPT_COMMENT, i, &comment) == WTAP_OPTTYPE_SUCCESS &&
            cl_says_left_out(comment))
            return 1;
    }
    return 0;
}

/* The one way in. `transfer` says what the carrier knows: stream, direction, endpoint, certainty. */
static int dissect(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, cl_transfer *transfer)
{
    const bool looked_at = proto_field_is_referenced(tree, proto_carelink);
    const bool wants_notes = experts_are_wanted(tree, looked_at);
    const bool wants_tree = wants_notes || looked_at;
    const bool wants_reports = taps_have_listener();
    const bool is_seen = tree != NULL && PTREE_DATA(tree)->visible;
    cl_view view;

    transfer->captured = tvb_captured_length(tvb);
    transfer->reported = tvb_reported_length(tvb);
    transfer->bytes = transfer->captured ? tvb_get_ptr(tvb, 0, (int)transfer->captured) : NULL;
    transfer->time = nanoseconds(&pinfo->abs_ts);
    transfer->frame = pinfo->num;
    transfer->layer = next_layer(pinfo);
    transfer->visited = PINFO_FD_VISITED(pinfo) ? 1 : 0;
    transfer->left_out = transfer->visited || transfer->layer > 0 ? 0 : packets_left_out(pinfo);
    /* An expert info hangs on an item, and any item may have one. */
    transfer->wanted = wants_tree && !wants_notes ? wanted(tree) : NULL;
    transfer->wanted_step = sizeof *tables->fields;
    transfer->want = (uint8_t)((wants_tree ? CL_WANT_TREE : 0) |
                               (is_seen || flow_has_listener() || col_get_writable(pinfo->cinfo, COL_INFO) ? CL_WANT_INFO : 0) |
                               (wants_reports ? CL_WANT_REPORTS : 0));

    if (cl_dissect(session, transfer, &view) == CL_DECLINED)
        return 0;

    set_columns(pinfo, view.texts + view.info);
    taps_count_stream(pinfo, view.stream, is_seen);
    if (wants_reports)
        taps_queue(pinfo, tvb, &view);
    if (wants_tree)
        add_tree(&view, tvb, pinfo, proto_tree_add_item(tree, proto_carelink, tvb, 0, -1, ENC_NA));
    return (int)transfer->reported;
}

/* The interface that captured a packet; 0 if the capture knows of one only. */
static uint32_t interface_of(const packet_info *pinfo)
{
    const bool known = (pinfo->rec->presence_flags & WTAP_HAS_INTERFACE_ID) != 0;

    return known ? pinfo->rec->rec_header.packet_header.interface_id : 0;
}

static uint8_t direction_of(const packet_info *pinfo)
{
    switch (pinfo->p2p_dir) {
    case P2P_DIR_SENT:
        return CL_TO_STICK;
    case P2P_DIR_RECV:
        return CL_FROM_STICK;
    default:
        return CL_UNDIRECTED;
    }
}

/* ---- USB ---- */

/* The device's end of a transfer: the other end is the host. False if neither is a USB address. */
static bool device_address(const packet_info *pinfo, usb_address_t *device)
{
    const address *ends[] = {&pinfo->src, &pinfo->dst};
    /* Padding at the end is not part of the contract: the bus is the last member that counts. */
    const size_t used = offsetof(usb_address_t, bus_id) + sizeof device->bus_id;

    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
        if (ends[i]->type != usb_address_type || (size_t)ends[i]->len < used)
            continue;
        memcpy(device, ends[i]->data, used);
        device->device = GUINT32_FROM_LE(device->device);
        device->endpoint = GUINT32_FROM_LE(device->endpoint);
        device->bus_id = GUINT16_FROM_LE(device->bus_id);
        if (device->device != NO_ENDPOINT)
            return true;
    }
    return false;
}

/* Whether the device is known by its descriptor; as what, goes to `carrier`, or CL_STREAM for one that is not ours. */
static bool is_known(const usb_call *call, uint8_t *carrier)
{
    const uint32_t vendor = USB_DEVICE(call)->deviceVendor, product = USB_DEVICE(call)->deviceProduct;

    *carrier = CL_STREAM;
    for (size_t i = 0; i < G_N_ELEMENTS(devices); i++)
        if (vendor == devices[i].vendor && product == devices[i].product)
            *carrier = devices[i].carrier;
    return vendor != DEV_VENDOR_UNKNOWN && product != DEV_PRODUCT_UNKNOWN;
}

/* How a transfer of this type carries data: CL_STREAM if not at all. Some carriers do not know the type. */
static uint8_t carrier_of(const usb_call *call, uint8_t known)
{
    switch (call->transfer_type) {
    case URB_BULK:
        return CL_TRANSFERS;
    case URB_INTERRUPT:
        return CL_REPORTS;
    case URB_UNKNOWN:
        return known == CL_REPORTS ? CL_REPORTS : CL_TRANSFERS;
    default:
        return CL_STREAM;
    }
}

static int dissect_usb_transfer(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const usb_address_t *device,
                                uint8_t carrier, uint8_t certain)
{
    cl_transfer transfer = {
        .interface = interface_of(pinfo),
        .number = (uint32_t)device->bus_id << 16 | (device->device & 0xffff),
        .direction = direction_of(pinfo),
        .carrier = carrier,
        .endpoint = (uint8_t)(device->endpoint & USB_ENDPOINT_MASK),
        .certain = certain,
    };

    return dissect(tvb, pinfo, tree, &transfer);
}

/* By the device's descriptor, or because the user said so. */
static int dissect_usb(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    usb_address_t device;
    uint8_t known;

    /* The addresses prove that it is USB that calls, so `data` is what USB hands over. */
    if (data == NULL || !device_address(pinfo, &device))
        return 0;
    (void)is_known(data, &known);

    const uint8_t carrier = carrier_of(data, known);
    if (carrier == CL_STREAM)
        return 0;
    /* A device of ours that carries its data otherwise is another one's, at the same address on another interface. */
    return dissect_usb_transfer(tvb, pinfo, tree, &device, carrier, known == CL_STREAM || known == carrier);
}

/* Bulk transfers that nobody else claimed: mostly of captures that began after the device was plugged in. */
static epan_bool dissect_usb_heuristic(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    usb_address_t device;
    uint8_t known;

    if (data == NULL || !device_address(pinfo, &device))
        return false;

    const bool is = is_known(data, &known);
    if (carrier_of(data, known) != CL_TRANSFERS || (is && known != CL_TRANSFERS))
        return false;
    return dissect_usb_transfer(tvb, pinfo, tree, &device, CL_TRANSFERS, is || claim_all) != 0;
}

/* Interrupt transfers, before the dissector of HID gets them. Only what proves to be a meter's is taken. */
static epan_bool dissect_reports_heuristic(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    usb_address_t device;
    uint8_t known;

    if (data == NULL || !device_address(pinfo, &device))
        return false;
    (void)is_known(data, &known);
    if (carrier_of(data, known) != CL_REPORTS)
        return false;
    return dissect_usb_transfer(tvb, pinfo, tree, &device, CL_REPORTS, known == CL_REPORTS) != 0;
}

/* ---- Other carriers: the user said that they carry CareLink. Only those of a meter keep the limits of transfers. ---- */

static int dissect_other(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, uint8_t carrier, uint8_t direction)
{
    cl_transfer transfer = {
        .interface = interface_of(pinfo),
        .number = find_or_create_conversation(pinfo)->conv_index,
        .direction = direction,
        .carrier = carrier,
        .certain = 1,
    };

    return dissect(tvb, pinfo, tree, &transfer);
}

/* An RTAC serial record begins with a header; its event type says who sent the bytes behind it. */
static uint8_t rtac_direction(tvbuff_t *tvb)
{
    enum { EVENT_TYPE = 8, SENT = 1, RECEIVED = 2 };
    tvbuff_t *record = tvb_get_ds_tvb(tvb);

    if (tvb_captured_length(record) <= EVENT_TYPE)
        return CL_UNDIRECTED;
    switch (*tvb_get_ptr(record, EVENT_TYPE, 1)) {
    case SENT:
        return CL_TO_STICK;
    case RECEIVED:
        return CL_FROM_STICK;
    default:
        return CL_UNDIRECTED;
    }
}

/* By name: user link types, exported PDUs, and serial lines. */
static int dissect_named(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    const bool rtac = proto_is_frame_protocol(pinfo->layers, "rtacser");

    return dissect_other(tvb, pinfo, tree, CL_STREAM, rtac ? rtac_direction(tvb) : direction_of(pinfo));
}

/* The same, for the reports of a meter: user link types and exported PDUs. */
static int dissect_named_reports(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    return dissect_other(tvb, pinfo, tree, CL_REPORTS, direction_of(pinfo));
}

/* A stick behind a TCP port: the port that the user named is the stick's. */
static int dissect_tcp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    const bool to_stick = pinfo->match_uint == pinfo->destport, from_stick = pinfo->match_uint == pinfo->srcport;
    const uint8_t direction = to_stick == from_stick ? CL_UNDIRECTED : to_stick ? CL_TO_STICK : CL_FROM_STICK;

    return dissect_other(tvb, pinfo, tree, CL_STREAM, direction);
}

/* ---- Registration ---- */

static void begin_file(void)
{
    const cl_options options = {.pump_model = pump_model, .verify_crc = verify_crc, .reassemble = reassemble};

    session = cl_session_new(&options);
    taps_begin_file();
}

static void end_file(void)
{
    cl_session_free(session);
    session = NULL;
}

static void add_subtree_id(int *id)
{
    *id = -1;
    proto_register_subtree_array(&id, 1);
}

static void register_fields(void)
{
    field_ids = g_new(int, tables->n_fields);
    subtree_ids = g_new(int, tables->n_fields);
    add_subtree_id(&protocol_subtree);
    for (uint32_t i = 0; i < tables->n_fields; i++) {
        hf_register_info *field = &tables->fields[i];

        HFILL_INIT(*field);
        field->p_id = &field_ids[i];
        field_ids[i] = -1;
        add_subtree_id(&subtree_ids[i]);
        if (field->hfinfo.display & BASE_EXT_STRING)
            field->hfinfo.strings = extended_names(field->hfinfo.strings, field->hfinfo.abbrev);
    }
    proto_register_field_array(proto_carelink, tables->fields, (int)tables->n_fields);
}

static void register_notes(void)
{
    expert_ids = g_new(expert_field, tables->n_experts);
    for (uint32_t i = 0; i < tables->n_experts; i++) {
        ei_register_info *expert = &tables->experts[i];
        const expert_field unregistered = EI_INIT;

        HFILL_INIT(expert->eiinfo.hf_info);
        expert->ids = &expert_ids[i];
        expert_ids[i] = unregistered;
    }
    expert_register_field_array(expert_register_protocol(proto_carelink), tables->experts, (int)tables->n_experts);
}

static void check_preferences(void)
{
    if (pump_model && *pump_model && !cl_is_pump_model(pump_model))
        report_failure("CareLink: \"%s\" is no pump model, such as 722 or 554. Models are told from the traffic.",
                       pump_model);
}

static void register_preferences(void)
{
    module_t *module = prefs_register_protocol(proto_carelink, check_preferences);

    prefs_register_bool_preference(module, "verify_crc", "Verify check values",
                                   "Whether CRCs are computed and compared; otherwise they are shown as unverified.",
                                   &verify_crc);
    prefs_register_bool_preference(module, "reassemble", "Reassemble replies",
                                   "Whether a reply that came in several radio reads is put together and decoded.",
                                   &reassemble);
    prefs_register_string_preference(module, "pump_model", "Pump model",
                                     "Takes all pumps for this model, such as 722 or 554. Empty: as the traffic tells.",
                                     &pump_model);
    prefs_register_bool_preference(module, "claim_all", "Treat as CareLink without a match",
                                   "Whether all bulk transfers are dissected whose device is not known to be another, "
                                   "even if their bytes do not look like CareLink.",
                                   &claim_all);
}

static void register_protocol(void)
{
    proto_carelink = proto_register_protocol("CareLink USB", "CareLink", "carelink");
    register_fields();
    register_notes();
    register_preferences();
    taps_register(proto_carelink, tables);
    register_init_routine(begin_file);
    register_cleanup_routine(end_file);

    /* All bear the protocol's own name as their description: 4.0 finds the one behind a port preference by it. */
    usb_handle = register_dissector("carelink_usb", dissect_usb, proto_carelink);
    named_handle = register_dissector("carelink", dissect_named, proto_carelink);
    register_dissector("carelink_nextlink", dissect_named_reports, proto_carelink);
    tcp_handle = register_dissector("carelink_tcp", dissect_tcp, proto_carelink);
}

/* Called once all protocols are registered. */
static void hand_off(void)
{
    usb_address_type = address_type_get_by_name("AT_USB");

    for (size_t i = 0; i < G_N_ELEMENTS(devices); i++)
        dissector_add_uint("usb.product", devices[i].vendor << 16 | devices[i].product, usb_handle);
    dissector_add_for_decode_as("usb.device", usb_handle);
    dissector_add_for_decode_as("usb.protocol", usb_handle);
    heur_dissector_add("usb.bulk", dissect_usb_heuristic, "CareLink USB", "carelink_usb", proto_carelink,
                       HEURISTIC_ENABLE);
    heur_dissector_add("usb.interrupt", dissect_reports_heuristic, "CareLink USB, Contour Next Link",
                       "carelink_nextlink", proto_carelink, HEURISTIC_ENABLE);
    dissector_add_for_decode_as("rtacser.data", named_handle);
    dissector_add_for_decode_as_with_preference("tcp.port", tcp_handle);
    taps_hand_off();
}

void clshim_register(const clshim_tables *given)
{
    static proto_plugin plugin = {.register_protoinfo = register_protocol, .register_handoff = hand_off};

    tables = given;
    proto_register_plugin(&plugin);
}
