/* SPDX-License-Identifier: GPL-2.0-or-later */
/* carelink.h: what the CareLink core offers to C.
 *
 * Conventions. C hands in whole transfers and gets back a finished, flat list; no function here calls back, keeps
 * a pointer of the caller's, or lets a panic out. Every function checks its pointers and returns a status. What a
 * view points to belongs to the session and stays valid until the next call with that session. A session is used
 * by one thread at a time. Offsets and lengths are in bytes, times in nanoseconds. Texts are UTF-8 ended by NUL.
 */
#ifndef CARELINK_H
#define CARELINK_H

#include <stdint.h>

/* One per open capture: all that must be remembered from one transfer to the next. */
typedef struct cl_session cl_session;

enum cl_status {
    CL_OK = 0,       /* the transfer is CareLink's, and the view is filled in */
    CL_DECLINED = 1, /* it is another device's, or nothing shows that it is CareLink's; the view is empty */
    CL_FAILED = 2    /* a mistake in the core: the view shows the bytes as they are, with an expert info that tells which,
                        and the session has started afresh; or a pointer is NULL that must not be: the view is empty */
};

enum cl_direction { CL_TO_STICK = 0, CL_FROM_STICK = 1, CL_UNDIRECTED = 2 /* and any other number */ };

/* What is between host and pump. Where "stick" stands below, a meter may be in its place. */
enum cl_device { CL_STICK = 0, CL_METER = 1 };

enum cl_carrier {
    CL_TRANSFERS = 0, /* USB: a transfer begins where a frame begins or goes on */
    CL_STREAM = 1,    /* a serial line, TCP: cut anywhere */
    CL_REPORTS = 2    /* HID reports of a meter, one in each interrupt transfer */
};

enum cl_want { CL_WANT_TREE = 1, CL_WANT_INFO = 2, CL_WANT_REPORTS = 4 };

typedef struct cl_transfer {
    const uint8_t *bytes; /* the captured ones; may be NULL if there are none */
    uint32_t captured;
    uint32_t reported; /* how many were sent: more than captured if the capture cut them */
    uint32_t interface; /* that captured it, from 0 */
    uint32_t number;    /* of the stick there: bus (high half) and address; of CL_STREAM, the conversation */
    uint64_t time;     /* since 1970-01-01 UTC */
    uint32_t frame;    /* from 1 */
    uint32_t layer;    /* which of several transfers within the frame, from 0 */
    uint8_t direction; /* enum cl_direction */
    uint8_t carrier;   /* enum cl_carrier */
    uint8_t endpoint;  /* without the direction bit; 0 if not known */
    uint8_t certain;   /* 1 if the device is known to be a CareLink stick, 0 if the bytes must show it */
    uint8_t visited;   /* 1 if this transfer was handed in before, since the session began */
    uint8_t want;      /* enum cl_want, or-ed */
    uint8_t left_out;  /* 1 if a comment on the packet says that packets of the stick were left out before it */
    uint16_t wanted_step; /* how many bytes lie from one field's int to the next one's */
    const int *wanted;    /* the first field's int: 0 if nobody looks at it; NULL if somebody looks at all fields */
} cl_transfer;

enum cl_role {
    CL_WIRE = 0,     /* a leaf that claims its bytes */
    CL_HEAD = 1,     /* heads a subtree */
    CL_DERIVED = 2,  /* another reading of claimed bytes */
    CL_GENERATED = 3, /* not on the wire: shown in brackets */
    CL_HIDDEN = 4     /* neither on the wire nor shown: for filters */
};

/* One tree item. The items that follow with a greater depth lie below it. */
typedef struct cl_node {
    uint64_t value; /* number; bits of a double or of a signed number; offset of a text; by the field's kind */
    uint16_t field; /* number of the field in the registry */
    uint8_t depth;
    uint8_t role;    /* enum cl_role */
    uint32_t source; /* 0: the transfer; n: sources[n - 1] */
    uint32_t start;
    uint32_t len;
    uint32_t label;   /* offset of the text that replaces the field's own, or 0 */
    uint32_t guessed; /* 1 if the field's meaning is a guess */
} cl_node;

typedef struct cl_expert {
    uint32_t node;   /* index of the item that it hangs on */
    uint32_t expert;   /* number of the expert info in its table */
    uint32_t detail; /* offset of a text behind the expert info's own sentence, or 0 */
} cl_expert;

/* Bytes that were put together from several transfers. */
typedef struct cl_source {
    const uint8_t *bytes;
    uint32_t len;
    uint32_t name; /* offset of a text */
} cl_source;

enum cl_report_flag {
    CL_FRAME = 1,    /* a frame is complete with this piece: what concerns the frame is told here */
    CL_ANSWERS = 2,  /* it answers the device's command that was sent at `asked` */
    CL_RESPONDS = 4, /* it ends the response to the pump's command that was sent at `pump_asked` */
    CL_HAS_RSSI = 8,
    CL_TRANSMITS = 16, /* it is a command to a pump */
    CL_OVER_RADIO = 32 /* it holds a packet to a pump, or what came from one */
};

/* What statistics count of one piece of a transfer: a whole frame, a part of one, or bytes that fit none.
 * Names and reasons are offsets of texts, or 0; an opcode that is not known is 0 too. */
typedef struct cl_report {
    uint64_t asked;
    uint64_t pump_asked;
    const uint8_t *object; /* a pump's whole reply, if it is complete with this frame; else NULL */
    uint32_t object_len;
    uint32_t object_name;   /* a file name */
    uint32_t len;           /* of the piece, as sent */
    uint32_t pump;          /* serial number of the pump that the transaction is about */
    uint32_t pump_command;  /* the pump's command that the frame belongs to */
    uint32_t device_command; /* the device's own command that the frame is or answers */
    uint32_t outcome;       /* how a transaction ended that ends with this frame */
    uint32_t pump_nak;      /* why the pump refused */
    uint32_t device_nak;     /* why the device refused */
    uint32_t bad_crcs;      /* how many check values are bad */
    uint8_t direction;      /* enum cl_direction */
    uint8_t device_code;
    uint8_t pump_opcode;
    uint8_t flags; /* enum cl_report_flag, or-ed */
    int8_t rssi;   /* strength of the pump's signal in dBm */
    uint8_t device; /* enum cl_device */
} cl_report;

#define CL_NO_STREAM UINT32_MAX

typedef struct cl_view {
    const cl_node *nodes;
    const cl_expert *experts;
    const cl_source *sources;
    const cl_report *reports; /* front to back */
    const char *texts; /* what the text offsets count from */
    uint32_t n_nodes;
    uint32_t n_experts;
    uint32_t n_sources;
    uint32_t n_reports;
    uint32_t texts_len;
    uint32_t stream; /* number of the stick, from 0, in the order they first speak, or CL_NO_STREAM */
    uint32_t info; /* offset of the line for the packet list */
    uint32_t root; /* offset of the text for the root of the tree, or 0; only if CL_WANT_INFO */
    uint32_t stick; /* offset of the name of the stick, for people; 0 unless reports are wanted */
} cl_view;

/* What the user may choose. */
typedef struct cl_options {
    const char *pump_model; /* such as "722": all pumps are of this model; NULL, "" or no model: as the traffic says */
    uint8_t verify_crc;     /* 1 to verify check values */
    uint8_t reassemble;     /* 1 to show a reply that came in several radio reads whole */
} cl_options;

/* 1 if `text` is a pump's model number, or 0. NULL is allowed. */
int32_t cl_is_pump_model(const char *text);

/* 1 if a packet's `comment` says that packets of its stick were left out before it, or 0. NULL is allowed. */
int32_t cl_says_left_out(const char *comment);

/* A new session, or NULL if there is no memory for one. `options` may be NULL: verify, reassemble, any model. */
cl_session *cl_session_new(const cl_options *options);

/* Ends a session, and all that its views point to. NULL is allowed. */
void cl_session_free(cl_session *session);

/* Dissects one transfer. On its first visit, in capture order, the session also remembers what later ones need. */
int32_t cl_dissect(cl_session *session, const cl_transfer *transfer, cl_view *view);

#endif
