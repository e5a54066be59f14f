/* inspect.c - nearly a print: the record has Docker's names already.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/inspect.h"

#include "image/describe.h"

static struct json *
graph_driver(const struct engine *engine, const struct record *record, struct json_doc *doc)
{
    auto_text lower = {0};
    const struct json *layers = record_get(record, "Sampan.Layers");
    for (size_t i = json_count(layers); i-- > 0;)
        text_addf(&lower, "%s%s/layers/%s", lower.len > 0 ? ":" : "", engine->root,
                  json_str(json_at(layers, i), ""));
    struct json *data = json_object(doc), *driver = json_object(doc);
    json_set_str(doc, data, "LowerDir", text_str(&lower));
    if (!record->is_transient) {
        auto_free char *upper = str_format("%s/containers/%s/upper", engine->root,
                                           record->id);
        auto_free char *work = str_format("%s/containers/%s/work", engine->root,
                                          record->id);
        json_set_str(doc, data, "UpperDir", upper);
        json_set_str(doc, data, "WorkDir", work);
    }
    json_set_str(doc, driver, "Name", "overlay");
    json_set(doc, driver, "Data", data);
    return driver;
}

static struct json *
network_settings(const struct record *record, struct json_doc *doc)
{
    struct json *settings = json_object(doc), *networks = json_object(doc);
    struct json *endpoint = json_object(doc);
    json_set_str(doc, endpoint, "IPAddress", "");
    json_set_str(doc, endpoint, "Gateway", "");
    json_set_str(doc, endpoint, "MacAddress", "");
    json_set(doc, networks, json_str(record_get(record, "HostConfig.NetworkMode"), "none"),
             endpoint);
    json_set(doc, settings, "Ports", json_object(doc));
    json_set_str(doc, settings, "IPAddress", "");
    json_set(doc, settings, "Networks", networks);
    return settings;
}

/* What every HostConfig has, as Docker shows it. A record holds only
 * what was said, since it is written on the way of every start. */
static const char host_defaults[] =
    "{\"Binds\":null,\"ContainerIDFile\":\"\",\"LogConfig\":{\"Type\":\"json-file\",\"Config\":{}},"
    "\"NetworkMode\":\"none\",\"PortBindings\":{},"
    "\"RestartPolicy\":{\"Name\":\"no\",\"MaximumRetryCount\":0},\"AutoRemove\":false,"
    "\"VolumeDriver\":\"\",\"VolumesFrom\":null,\"CapAdd\":null,\"CapDrop\":null,"
    "\"CgroupnsMode\":\"private\",\"Dns\":[],\"DnsOptions\":[],\"DnsSearch\":[],"
    "\"ExtraHosts\":null,\"GroupAdd\":null,\"IpcMode\":\"private\",\"Cgroup\":\"\",\"Links\":null,"
    "\"OomScoreAdj\":0,\"PidMode\":\"\",\"Privileged\":false,\"PublishAllPorts\":false,"
    "\"ReadonlyRootfs\":false,\"SecurityOpt\":null,\"UTSMode\":\"\",\"UsernsMode\":\"\","
    "\"ShmSize\":67108864,\"Runtime\":\"sampan\",\"CpuShares\":0,\"Memory\":0,\"NanoCpus\":0,"
    "\"CgroupParent\":\"\",\"BlkioWeight\":0,\"BlkioWeightDevice\":[],\"BlkioDeviceReadBps\":[],"
    "\"BlkioDeviceWriteBps\":[],\"BlkioDeviceReadIOps\":[],\"BlkioDeviceWriteIOps\":[],"
    "\"CpuPeriod\":0,\"CpuQuota\":0,\"CpusetCpus\":\"\",\"CpusetMems\":\"\",\"Devices\":[],"
    "\"DeviceCgroupRules\":null,\"MemoryReservation\":0,\"MemorySwap\":0,"
    "\"MemorySwappiness\":null,\"OomKillDisable\":false,\"PidsLimit\":null,\"Ulimits\":[]}";

struct json *
engine_inspect(const struct engine *engine, const struct record *record,
               struct json_doc *doc)
{
    static const char *const before[] = {"Id", "Created", "Path", "Args"};
    const struct json *root = record_json(record);
    struct json *object = json_object(doc);
    for (size_t i = 0; i < ARRAY_LEN(before); i++)
        json_set(doc, object, before[i], json_clone(doc, json_get(root, before[i])));
    json_set(doc, object, "State", state_to_json(doc, &record->state, false));
    for (json_each(member, root))
        if (json_get(object, member->name) == NULL && !str_eq(member->name, "Sampan"))
            json_set(doc, object, member->name, json_clone(doc, member));
    json_set(doc, object, "Config",
             image_describe_config(record_get(record, "Config"), doc));
    json_set(doc, object, "HostConfig",
             json_with_defaults(doc, host_defaults, record_get(record, "HostConfig")));
    json_set(doc, object, "GraphDriver", graph_driver(engine, record, doc));
    json_set(doc, object, "NetworkSettings", network_settings(record, doc));
    return object;
}
