/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer.c: in, the transfers that our plugin takes; out, the very items that it adds, from a tape. A plugin in C that adds
 * them as well as ours does, and knows what they are without any work: it looks up what to add, and decodes nothing.
 *
 * It is linked with our registrations and our shim, in which `--wrap=cl_dissect` puts this in the core's place. With RECORD it
 * asks the core, and writes the tape. Built by `cargo xtask bench`, and only there.
 */
#include "carelink.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int32_t __real_cl_dissect(cl_session *session, const cl_transfer *transfer, cl_view *view);
int32_t __wrap_cl_dissect(cl_session *session, const cl_transfer *transfer, cl_view *view);

/* What stands on the tape before the lists of a transfer, each of which begins at a multiple of eight. */
typedef struct entry {
    cl_view view; /* whose pointers are not those of this process */
    uint32_t frame;
    int32_t status;
} entry;

/* The tape lies in the home of the tshark that runs. */
static FILE *open_tape(const char *mode)
{
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/tape", getenv("HOME"));
    FILE *tape = fopen(path, mode);
    if (tape == NULL) {
        perror(path);
        exit(2);
    }
    return tape;
}

static size_t padded(size_t length)
{
    return (length + 7) / 8 * 8;
}

#ifdef RECORD

static void put(FILE *tape, const void *bytes, size_t length)
{
    static const char padding[8];

    (void)fwrite(bytes, 1, length, tape);
    (void)fwrite(padding, 1, padded(length) - length, tape);
}

int32_t __wrap_cl_dissect(cl_session *session, const cl_transfer *transfer, cl_view *view)
{
    static FILE *tape;
    const int32_t status = __real_cl_dissect(session, transfer, view);
    const entry written = {*view, transfer->frame, status};

    if (tape == NULL)
        tape = open_tape("wb");
    put(tape, &written, sizeof written);
    put(tape, view->nodes, view->n_nodes * sizeof *view->nodes);
    put(tape, view->experts, view->n_experts * sizeof *view->experts);
    put(tape, view->sources, view->n_sources * sizeof *view->sources);
    for (uint32_t i = 0; i < view->n_sources; i++)
        put(tape, view->sources[i].bytes, view->sources[i].len);
    put(tape, view->texts, view->texts_len);
    (void)fflush(tape);
    return status;
}

#else

static entry **entries; /* by the number of the frame: one transfer lies in each */
static uint32_t n_entries;

static void *take(char **at, size_t length)
{
    void *taken = *at;

    *at += padded(length);
    return taken;
}

/* Once, before the first transfer: what this costs is the same for a short capture and a long one. */
static void read_tape(void)
{
    FILE *tape = open_tape("rb");

    (void)fseek(tape, 0, SEEK_END);
    const size_t length = (size_t)ftell(tape);
    rewind(tape);
    char *at = malloc(length + 1);
    if (at == NULL || fread(at, 1, length, tape) != length)
        abort();
    (void)fclose(tape);
    for (const char *end = at + length; at < end;) {
        entry *next = take(&at, sizeof *next);
        cl_view *view = &next->view;

        view->nodes = take(&at, view->n_nodes * sizeof *view->nodes);
        view->experts = take(&at, view->n_experts * sizeof *view->experts);
        cl_source *sources = take(&at, view->n_sources * sizeof *sources);
        view->sources = sources;
        for (uint32_t i = 0; i < view->n_sources; i++)
            sources[i].bytes = take(&at, sources[i].len);
        view->texts = take(&at, view->texts_len);
        view->reports = NULL;
        view->n_reports = 0;
        if (next->frame >= n_entries) {
            const uint32_t grown = 2 * next->frame + 1;
            entries = realloc(entries, grown * sizeof *entries);
            if (entries == NULL)
                abort();
            memset(entries + n_entries, 0, (grown - n_entries) * sizeof *entries);
            n_entries = grown;
        }
        entries[next->frame] = next;
    }
}

/* A tree that nobody sees is offered all items as well: epan makes those that somebody looks at, as for any dissector. */
int32_t __wrap_cl_dissect(cl_session *session, const cl_transfer *transfer, cl_view *view)
{
    (void)session;
    if (entries == NULL)
        read_tape();
    const entry *found = transfer->frame < n_entries ? entries[transfer->frame] : NULL;
    if (found == NULL)
        return CL_DECLINED;
    *view = found->view;
    if (!(transfer->want & CL_WANT_INFO))
        view->info = view->root = 0;
    return found->status;
}

#endif
