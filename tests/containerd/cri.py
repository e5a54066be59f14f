"""The Kubernetes side of containerd: a client of the CRI (runtime.v1) as a kubelet is one.

Only the messages and fields that the tests use are named here, one message a line: the
field's name, its number and, unless it is a string, its type; a * after the number means
"repeated", "map" is a map of strings. Words of the CRI, numbers of its api.proto.

SPDX-License-Identifier: MIT
"""
import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from machine import PATIENCE

PACKAGE = "runtime.v1"

MESSAGES = {
    # ---- pods ----
    "Int64Value": "value=1:int64",
    "IDMapping": "host_id=1:uint32 container_id=2:uint32 length=3:uint32",
    "NamespaceOption": "network=1:int32 pid=2:int32 ipc=3:int32 target_id=4",
    "SecurityProfile": "profile_type=1:int32 localhost_ref=2",
    "LinuxSandboxSecurityContext":
        "namespace_options=1:NamespaceOption run_as_user=3:Int64Value readonly_rootfs=4:bool "
        "privileged=6:bool seccomp=9:SecurityProfile",
    "LinuxPodSandboxConfig":
        "cgroup_parent=1 security_context=2:LinuxSandboxSecurityContext sysctls=3:map",
    "PodSandboxMetadata": "name=1 uid=2 namespace=3 attempt=4:uint32",
    "DNSConfig": "servers=1* searches=2* options=3*",
    "PodSandboxConfig":
        "metadata=1:PodSandboxMetadata hostname=2 log_directory=3 dns_config=4:DNSConfig "
        "labels=6:map annotations=7:map linux=8:LinuxPodSandboxConfig",
    "RunPodSandboxRequest": "config=1:PodSandboxConfig runtime_handler=2",
    "RunPodSandboxResponse": "pod_sandbox_id=1",
    "StopPodSandboxRequest": "pod_sandbox_id=1",
    "StopPodSandboxResponse": "",
    "RemovePodSandboxRequest": "pod_sandbox_id=1",
    "RemovePodSandboxResponse": "",
    "PodSandboxNetworkStatus": "ip=1",
    "PodSandboxStatus":
        "id=1 metadata=2:PodSandboxMetadata state=3:int32 network=5:PodSandboxNetworkStatus "
        "runtime_handler=9",
    "PodSandboxStatusRequest": "pod_sandbox_id=1 verbose=2:bool",
    "PodSandboxStatusResponse": "status=1:PodSandboxStatus info=2:map",
    "PodSandbox": "id=1 metadata=2:PodSandboxMetadata state=3:int32 runtime_handler=7",
    "ListPodSandboxRequest": "",
    "ListPodSandboxResponse": "items=1*:PodSandbox",
    # ---- containers ----
    "KeyValue": "key=1 value=2",
    "Mount": "container_path=1 host_path=2 readonly=3:bool propagation=5:int32",
    "Device": "container_path=1 host_path=2 permissions=3",
    "ImageSpec": "image=1",
    "LinuxContainerResources":
        "cpu_period=1:int64 cpu_quota=2:int64 cpu_shares=3:int64 "
        "memory_limit_in_bytes=4:int64 oom_score_adj=5:int64 cpuset_cpus=6 cpuset_mems=7",
    "Capability": "add_capabilities=1* drop_capabilities=2*",
    "LinuxContainerSecurityContext":
        "capabilities=1:Capability privileged=2:bool namespace_options=3:NamespaceOption "
        "run_as_user=5:Int64Value run_as_username=6 readonly_rootfs=7:bool "
        "supplemental_groups=8*:int64 no_new_privs=11:bool run_as_group=12:Int64Value "
        "masked_paths=13* readonly_paths=14* seccomp=15:SecurityProfile",
    "LinuxContainerConfig":
        "resources=1:LinuxContainerResources security_context=2:LinuxContainerSecurityContext",
    "ContainerMetadata": "name=1 attempt=2:uint32",
    "ContainerConfig":
        "metadata=1:ContainerMetadata image=2:ImageSpec command=3* args=4* working_dir=5 "
        "envs=6*:KeyValue mounts=7*:Mount devices=8*:Device labels=9:map log_path=11 "
        "stdin=12:bool tty=14:bool linux=15:LinuxContainerConfig",
    "CreateContainerRequest":
        "pod_sandbox_id=1 config=2:ContainerConfig sandbox_config=3:PodSandboxConfig",
    "CreateContainerResponse": "container_id=1",
    "StartContainerRequest": "container_id=1",
    "StartContainerResponse": "",
    "StopContainerRequest": "container_id=1 timeout=2:int64",
    "StopContainerResponse": "",
    "RemoveContainerRequest": "container_id=1",
    "RemoveContainerResponse": "",
    "Container": "id=1 pod_sandbox_id=2 metadata=3:ContainerMetadata state=6:int32",
    "ListContainersRequest": "",
    "ListContainersResponse": "containers=1*:Container",
    "ContainerStatus":
        "id=1 metadata=2:ContainerMetadata state=3:int32 created_at=4:int64 "
        "started_at=5:int64 finished_at=6:int64 exit_code=7:int32 reason=10 message=11 "
        "log_path=15",
    "ContainerStatusRequest": "container_id=1 verbose=2:bool",
    "ContainerStatusResponse": "status=1:ContainerStatus info=2:map",
    "UpdateContainerResourcesRequest": "container_id=1 linux=2:LinuxContainerResources",
    "UpdateContainerResourcesResponse": "",
    "ExecSyncRequest": "container_id=1 cmd=2* timeout=3:int64",
    "ExecSyncResponse": "stdout=1:bytes stderr=2:bytes exit_code=3:int32",
    # ---- what they use, and the runtime as a whole ----
    "UInt64Value": "value=1:uint64",
    "CpuUsage": "timestamp=1:int64 usage_core_nano_seconds=2:UInt64Value",
    "MemoryUsage": "timestamp=1:int64 working_set_bytes=2:UInt64Value",
    "ContainerStats": "cpu=2:CpuUsage memory=3:MemoryUsage",
    "ContainerStatsRequest": "container_id=1",
    "ContainerStatsResponse": "stats=1:ContainerStats",
    "RuntimeCondition": "type=1 status=2:bool reason=3 message=4",
    "RuntimeStatus": "conditions=1*:RuntimeCondition",
    "StatusRequest": "verbose=1:bool",
    "StatusResponse": "status=1:RuntimeStatus info=2:map",
}

# enum NamespaceMode, PodSandboxState, ContainerState
POD, CONTAINER, NODE, TARGET = range(4)
READY, NOT_READY = range(2)
CREATED, RUNNING, EXITED, UNKNOWN = range(4)

TYPES = {"string": 9, "bytes": 12, "bool": 8, "int32": 5, "uint32": 13, "int64": 3, "uint64": 4}
MESSAGE = 11


def add_field(message, word):
    head, _, kind = word.partition(":")
    name, _, number = head.partition("=")
    field = message.field.add()
    field.name, field.number = name, int(number.rstrip("*"))
    field.label = 3 if number.endswith("*") or kind == "map" else 1
    if kind == "map":
        entry = message.nested_type.add()
        entry.name = "".join(part.title() for part in name.split("_")) + "Entry"
        entry.options.map_entry = True
        for part in ("key=1", "value=2"):
            add_field(entry, part)
        field.type, field.type_name = MESSAGE, f".{PACKAGE}.{message.name}.{entry.name}"
    elif kind in TYPES or not kind:
        field.type = TYPES[kind or "string"]
    else:
        field.type, field.type_name = MESSAGE, f".{PACKAGE}.{kind}"


def classes():
    file = descriptor_pb2.FileDescriptorProto(name="cri.proto", package=PACKAGE, syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add()
        message.name = name
        for word in fields.split():
            add_field(message, word)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return {name: factory.GetPrototype(pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))
            for name in MESSAGES}


class Client:
    """client.RunPodSandbox(config={...}): a call by its name, its fields as keywords and
    dictionaries; the answer is the response message. grpc.RpcError if it fails."""

    def __init__(self, socket, timeout=30):
        self.timeout = timeout * PATIENCE
        self.classes = classes()
        self.channel = grpc.insecure_channel(f"unix://{socket}")

    def __getattr__(self, name):
        request, response = self.classes[f"{name}Request"], self.classes[f"{name}Response"]
        call = self.channel.unary_unary(f"/{PACKAGE}.RuntimeService/{name}",
                                        request_serializer=request.SerializeToString,
                                        response_deserializer=response.FromString)
        return lambda **fields: call(request(**fields), timeout=self.timeout)

    def close(self):
        self.channel.close()
