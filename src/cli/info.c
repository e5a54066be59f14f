/* info.c - `sampan info`: the engine and the machine it is on.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <sys/utsname.h>

#include "base/template.h"
#include "cli/commands.h"
#include "cli/version.h"
#include "engine/list.h"
#include "image/store.h"
#include "runtime/cgroup.h"

struct info_options {
    const char *format;
};

static const struct option table[] = {
    {"format", 'f', KIND_TEXT, offsetof(struct info_options, format), "FORMAT",
     "json or a Go template, as in '{{.CgroupVersion}}'"},
    OPTION_END,
};

static int
count_image(struct image *image, void *data)
{
    ++*(int64_t *)data;
    image_done(image);
    return 0;
}

static int
add_counts(const struct engine *engine, struct json_doc *doc, struct json *info,
           struct err *e)
{
    auto_records records = {0};
    const struct list_request all = {.want_all = true};
    int64_t running = 0, paused = 0, images = 0;
    TRY(engine_list(engine, &all, &records, e));
    for (size_t i = 0; i < records.n; i++) {
        running += records.v[i].state.status == STATUS_RUNNING;
        paused += records.v[i].state.status == STATUS_PAUSED;
    }
    struct image_store store;
    TRY(store_open(&store, engine->root_fd, e));
    int r = store_each(&store, count_image, &images, e);
    store_close(&store);
    TRY(r);
    json_set_i64(doc, info, "Containers", (int64_t)records.n);
    json_set_i64(doc, info, "ContainersRunning", running);
    json_set_i64(doc, info, "ContainersPaused", paused);
    json_set_i64(doc, info, "ContainersStopped", (int64_t)records.n - running - paused);
    json_set_i64(doc, info, "Images", images);
    return 0;
}

static int
add_machine(const struct engine *engine, struct json_doc *doc, struct json *info,
            struct err *e)
{
    static const char *const modes[] = {
        [CGROUP_V2] = "2", [CGROUP_V1] = "1", [CGROUP_HYBRID] = "1 (hybrid with 2)"};
    struct utsname machine;
    enum cgroup_mode mode;
    TRY(cgroup_detect(&mode, e));
    uname(&machine);
    const char *const cells[][2] = {
        {"Driver",        "overlay"       },
        {"LoggingDriver", "json-file"     },
        {"CgroupDriver",  "cgroupfs"      },
        {"CgroupVersion", modes[mode]     },
        {"KernelVersion", machine.release },
        {"OSType",        "linux"         },
        {"Architecture",  machine.machine },
        {"Name",          machine.nodename},
        {"DockerRootDir", engine->root    },
        {"StateDir",      engine->state   },
        {"ServerVersion", SAMPAN_VERSION  },
    };
    for (size_t i = 0; i < ARRAY_LEN(cells); i++)
        json_set_str(doc, info, cells[i][0], cells[i][1]);
    return 0;
}

static int
run(struct command_context *context, void *options, struct err *e)
{
    const struct info_options *o = options;
    auto_json *doc = json_doc_new();
    auto_text out = {0};
    auto_template *template = NULL;
    struct json *info = json_object(doc);
    TRY(add_counts(context->engine, doc, info, e));
    TRY(add_machine(context->engine, doc, info, e));
    if (o->format == NULL) {
        for (json_each(field, info)) {
            text_addf(&out, "%s: ", field->name);
            text_addf(&out, "%s\n",
                      field->type == JSON_NUMBER || field->type == JSON_STRING ? field->text
                                                                               : "");
        }
        return command_print(&out, e);
    }
    auto_free char *source = template_unescape(str_eq(o->format, "json") ? "{{json .}}"
                                                                         : o->format);
    TRY(template_parse(source, &template, e));
    TRY(template_render(template, info, &out, e));
    text_add_char(&out, '\n');
    return command_print(&out, e);
}

static const struct syntax syntax = {
    .command = "info",
    .operands = "",
    .summary = "Show the engine and the machine it is on",
    .options = table,
};

const struct command command_info = {
    .syntax = &syntax,
    .options_size = sizeof(struct info_options),
    .run = run,
    .needs = NEEDS_ENGINE,
    .error_status = 1,
};
