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
    CL_FAILED = 2    /* a mistake in the core: the view shows the bytes as they are, with a note that tells which,
                        and the session has started afresh; or a pointer is NULL that must not be: the view is empty */
};

enum cl_direction { CL_TO_STICK = 0, CL_FROM_STICK = 1, CL_UNDIRECTED = 2 /* and any other number */ };

enum cl_carrier {
    CL_TRANSFERS = 0, /* USB: a transfer begins where a frame begins or goes on */
    CL_STREAM = 1     /* a serial line, TCP: cut anywhere */
};

enum cl_want { CL_WANT_TREE = 1, CL_WANT_INFO = 2 };

typedef struct cl_transfer {
    const uint8_t *bytes; /* the captured ones; may be NULL if there are none */
    uint32_t captured;
    uint32_t reported; /* how many were sent: more than captured if the capture cut them */
    uint64_t stream;   /* tells one stick from another */
    uint64_t time;     /* since 1970-01-01 UTC */
    uint32_t frame;    /* from 1 */
    uint32_t layer;    /* which of several transfers within the frame, from 0 */
    uint8_t direction; /* enum cl_direction */
    uint8_t carrier;   /* enum cl_carrier */
    uint8_t endpoint;  /* without the direction bit; 0 if not known */
    uint8_t certain;   /* 1 if the device is known to be a CareLink stick, 0 if the bytes must show it */
    uint8_t visited;   /* 1 if this transfer was handed in before, since the session began */
    uint8_t want;      /* enum cl_want, or-ed */
    const uint64_t *looked_at; /* one bit for each field that anybody looks at, the lowest first; NULL for all */
} cl_transfer;

enum cl_role {
    CL_WIRE = 0,     /* a leaf that claims its bytes */
    CL_HEAD = 1,     /* heads a subtree */
    CL_DERIVED = 2,  /* another reading of claimed bytes */
    CL_GENERATED = 3 /* not on the wire: shown in brackets */
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

typedef struct cl_note {
    uint32_t node;   /* index of the item that it hangs on */
    uint32_t note;   /* number of the note in its table */
    uint32_t detail; /* offset of a text behind the note's own sentence, or 0 */
} cl_note;

/* Bytes that were put together from several transfers. */
typedef struct cl_source {
    const uint8_t *bytes;
    uint32_t len;
    uint32_t name; /* offset of a text */
} cl_source;

typedef struct cl_view {
    const cl_node *nodes;
    const cl_note *notes;
    const cl_source *sources;
    const char *texts; /* what the text offsets count from */
    uint32_t n_nodes;
    uint32_t n_notes;
    uint32_t n_sources;
    uint32_t info; /* offset of the line for the packet list */
} cl_view;

/* A new session, or NULL if there is no memory for one. */
cl_session *cl_session_new(void);

/* Ends a session, and all that its views point to. NULL is allowed. */
void cl_session_free(cl_session *session);

/* Dissects one transfer. On its first visit, in capture order, the session also remembers what later ones need. */
int32_t cl_dissect(cl_session *session, const cl_transfer *transfer, cl_view *view);

#endif
