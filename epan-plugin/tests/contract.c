/* SPDX-License-Identifier: GPL-2.0-or-later */
/* contract.c: in, the path of the plugin; out, 0 if it keeps what carelink.h promises, as C sees it. */
#include "carelink.h" /* first: it must stand alone */

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "contract.c:%d: not so: %s\n", __LINE__, #condition);                            \
            return 1;                                                                                        \
        }                                                                                                    \
    } while (0)

/* ISO C has no cast from an object's address to a function's, so the address is copied. */
#define FIND(name)                                                                                           \
    do {                                                                                                     \
        void *address = dlsym(plugin, "cl_" #name);                                                          \
        CHECK(address != NULL);                                                                              \
        memcpy(&name, &address, sizeof address);                                                             \
    } while (0)

static cl_session *(*session_new)(const cl_options *);
static void (*session_free)(cl_session *);
static int32_t (*dissect)(cl_session *, const cl_transfer *, cl_view *);

/* Each text that a view names lies in its texts, and each index in its list. */
static int view_is_sound(const cl_view *view)
{
    for (uint32_t i = 0; i < view->n_nodes; i++) {
        CHECK(view->nodes[i].source <= view->n_sources);
        CHECK(view->nodes[i].role <= CL_HIDDEN);
        CHECK(i == 0 ? view->nodes[i].depth == 0 : view->nodes[i].depth <= view->nodes[i - 1].depth + 1);
        CHECK(view->nodes[i].label == 0 || view->texts[view->nodes[i].label - 1] == '\0');
    }
    for (uint32_t i = 0; i < view->n_experts; i++)
        CHECK(view->experts[i].node < view->n_nodes);
    CHECK(view->info == 0 || view->texts[view->info - 1] == '\0');
    CHECK(view->root == 0 || view->texts[view->root - 1] == '\0');
    return 0;
}

int main(int argc, char **argv)
{
    /* A command that reads the stick's product info, as the host sends it. */
    static const uint8_t command[] = {0x04, 0x00, 0x00};
    cl_transfer transfer = {0};
    cl_view view;

    CHECK(argc == 2);
    void *plugin = dlopen(argv[1], RTLD_NOW);
    if (plugin == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    CHECK(dlsym(plugin, "plugin_version") && dlsym(plugin, "plugin_want_major") &&
          dlsym(plugin, "plugin_want_minor") && dlsym(plugin, "plugin_register") &&
          dlsym(plugin, "plugin_describe"));
    FIND(session_new);
    FIND(session_free);
    FIND(dissect);

    cl_session *session = session_new(NULL);
    CHECK(session != NULL);
    transfer.bytes = command;
    transfer.captured = transfer.reported = sizeof command;
    transfer.frame = 1;
    transfer.endpoint = 1;
    transfer.certain = 1;
    transfer.want = CL_WANT_TREE | CL_WANT_INFO;
    CHECK(dissect(session, &transfer, &view) == CL_OK);
    CHECK(view.n_nodes > 0 && view.info != 0 && view.root != 0);
    CHECK(strncmp(view.texts + view.root, "CareLink, ", 10) == 0);
    CHECK(view_is_sound(&view) == 0);

    /* A revisit shows the same. */
    const uint32_t nodes = view.n_nodes;
    transfer.visited = 1;
    CHECK(dissect(session, &transfer, &view) == CL_OK);
    CHECK(view.n_nodes == nodes);
    CHECK(view_is_sound(&view) == 0);

    transfer.want = 0;
    CHECK(dissect(session, &transfer, &view) == CL_OK);
    CHECK(view.n_nodes == 0 && view.info == 0);

    CHECK(dissect(NULL, &transfer, &view) == CL_FAILED);
    CHECK(view.n_nodes == 0 && view.texts[view.info] == '\0');
    CHECK(dissect(session, NULL, &view) == CL_FAILED);
    CHECK(dissect(session, &transfer, NULL) == CL_FAILED);

    session_free(session);
    session_free(NULL);
    return dlclose(plugin);
}
