/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_oci_errors.c - what is wrong in a config.json, once each, and the words about it.
 *
 * The parts stand in the second line of the file.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/container.h"
#include "tests/unit/specs/oci_sample.h"

struct wrong {
	const char *parts, *words;
};

static void expect_wrong(const struct wrong *cases, size_t count, const char *open, const char *close)
{
	for (size_t i = 0; i < count; i++) {
		struct container c = { .name = (char *)"untouched" };
		struct text parts = { 0 };
		struct error e = { 0 };

		text_addf(&parts, "%s%s%s", open, cases[i].parts, close);
		cr_expect_eq(oci_sample_config(parts.data, &c, &e), -1, "%s", parts.data);
		cr_expect(text_starts(e.text, "config.json:2: "), "%s: %s", parts.data, e.text);
		cr_expect_not_null(strstr(e.text, cases[i].words), "%s: %s", parts.data, e.text);
		cr_expect_str_empty(e.field);
		cr_expect_str_eq(c.name, "untouched");
		text_release(&parts);
	}
}

#define COUNT(cases) (sizeof(cases) / sizeof *(cases))

Test(oci_errors, whole_file)
{
	static const struct wrong cases[] = {
		{ "", "config.json:1: not JSON, column 1" },
		{ "[]", "config.json: expected an object, found []" },
		{ "{'root': {'path': '/r'}}", "config.json: missing required field \"ociVersion\"" },
		{ "{'ociVersion': '1.0.0'}", "config.json: missing required field \"root\"" },
		{ "{'ociVersion': '1.0.0', 'root': null}", "config.json: missing required field \"root\"" },
		{ "{'ociVersion': '1.0.0',\n'root': {}}", "config.json:2: root: missing required field \"path\"" },
		{ "{'ociVersion': '1.0.0',\n'root': {'path': ''}}", "config.json:2: root.path: expected a folder" },
		{ "{'ociVersion': '1.0.0',\n'root': {'path': '/r', 'readOnly': true}}",
		  "config.json:2: root.readOnly: unknown field \"readOnly\": did you mean \"readonly\"?" },
		{ "{'ociVersion': 1,\n'root': {'path': '/r'}}", "config.json:1: ociVersion: expected a text, found 1" },
		{ "{'ociVersion': '2.0.0',\n'root': {'path': '/r'}}", "config.json:1: ociVersion: box knows version 1" },
		{ "{'ociVersion': '1.0.0', 'ociVersion': '1.0.0'}", "\"ociVersion\" comes twice" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct container c;
		struct error e = { 0 };

		cr_expect_eq(oci_sample_whole(cases[i].parts, &c, &e), -1, "%s", cases[i].parts);
		cr_expect_not_null(strstr(e.text, cases[i].words), "%s: %s", cases[i].parts, e.text);
	}
}

Test(oci_errors, process)
{
	static const struct wrong cases[] = {
		{ "'args': ['sh']", "process: missing required field \"cwd\"" },
		{ "'cwd': 'w', 'args': ['sh']", "process.cwd: expected an absolute path without \"..\", found \"w\"" },
		{ "'cwd': '/'", "process.args: nothing to run" },
		{ "'cwd': '/', 'args': []", "process.args: nothing to run" },
		{ "'cwd': '/', 'args': ['']", "process.args: nothing to run" },
		{ "'cwd': '/', 'args': 'sh -c x'", "process.args: expected an array of texts" },
		{ "'cwd': '/', 'args': ['sh'], 'noNewPrivs': true", "process.noNewPrivs: unknown field" },
		{ "'cwd': '/', 'args': ['sh'], 'noNewPrivilege': true", "did you mean \"noNewPrivileges\"?" },
		{ "'cwd': '/', 'args': ['sh'], 'terminal': 1", "process.terminal: expected true or false" },
		{ "'cwd': '/', 'args': ['sh'], 'consoleSize': {'height': 1}", "process.consoleSize: missing required field \"width\"" },
		{ "'cwd': '/', 'args': ['sh'], 'consoleSize': {'height': 65536, 'width': 1}",
		  "process.consoleSize.height: expected a whole number from 0 to 65535" },
		{ "'cwd': '/', 'args': ['sh'], 'user': {'uid': -1}", "process.user.uid: expected a whole number from 0 to 4294967294, found -1" },
		{ "'cwd': '/', 'args': ['sh'], 'user': {'umask': 512}", "process.user.umask: expected a whole number from 0 to 511" },
		{ "'cwd': '/', 'args': ['sh'], 'user': {'additionalGids': [1, 'x']}", "process.user.additionalGids[1]: expected a whole number" },
		{ "'cwd': '/', 'args': ['sh'], 'capabilities': ['CAP_KILL']", "process.capabilities: expected an object" },
		{ "'cwd': '/', 'args': ['sh'], 'capabilities': {'bonding': []}",
		  "process.capabilities.bonding: unknown field \"bonding\": did you mean \"bounding\"?" },
		{ "'cwd': '/', 'args': ['sh'], 'rlimits': [{'type': 'RLIMIT_CORE', 'soft': 1}]",
		  "process.rlimits[0]: missing required field \"hard\"" },
		{ "'cwd': '/', 'args': ['sh'], 'rlimits': [{'type': 'core', 'soft': 1, 'hard': 1}]",
		  "process.rlimits[0].type: expected a limit such as" },
		{ "'cwd': '/', 'args': ['sh'], 'rlimits': [{'type': 'RLIMIT_CORE', 'soft': 2, 'hard': 1}]",
		  "process.rlimits[0]: the soft limit 2 is above the hard limit 1" },
		{ "'cwd': '/', 'args': ['sh'], 'rlimits': [{'type': 'RLIMIT_CORE', 'soft': 1, 'hard': 1}, {'type': 'RLIMIT_CORE', 'soft': 1, 'hard': 1}]",
		  "process.rlimits[1]: RLIMIT_CORE is limited twice" },
		{ "'cwd': '/', 'args': ['sh'], 'rlimits': [{'type': 'RLIMIT_CORE', 'soft': 1, 'hard': -1}]",
		  "process.rlimits[0].hard: expected a whole number from 0" },
		{ "'cwd': '/', 'args': ['sh'], 'oomScoreAdj': 1001", "process.oomScoreAdj: expected a whole number from -1000 to 1000" },
		{ "'cwd': '/', 'args': ['sh'], 'execCPUAffinity': {'final': 'a'}", "process.execCPUAffinity.final: expected a list of cpus" },
		{ "'cwd': '/', 'args': ['sh'], 'ioPriority': {'priority': 1}", "process.ioPriority: missing required field \"class\"" },
		{ "'cwd': '/', 'args': ['sh'], 'ioPriority': {'class': 'IOPRIO_CLASS_BE', 'priority': 8}",
		  "process.ioPriority.priority: expected a whole number from 0 to 7" },
	};

	expect_wrong(cases, COUNT(cases), "'process': {", "}");
}

Test(oci_errors, scheduler)
{
	static const struct wrong cases[] = {
		{ "'policy': 'SCHED_FOO'", "process.scheduler.policy: expected \"SCHED_OTHER\", " },
		{ "'nice': 1", "process.scheduler: missing required field \"policy\"" },
		{ "'policy': 'SCHED_OTHER', 'nice': 20", "process.scheduler.nice: expected a whole number from -20 to 19" },
		{ "'policy': 'SCHED_OTHER', 'priority': 5", "a priority belongs to SCHED_FIFO and SCHED_RR, not to SCHED_OTHER" },
		{ "'policy': 'SCHED_RR'", "SCHED_RR needs a priority from 1 to 99" },
		{ "'policy': 'SCHED_IDLE', 'nice': 1", "nice belongs to SCHED_OTHER and SCHED_BATCH, not to SCHED_IDLE" },
		{ "'policy': 'SCHED_BATCH', 'runtime': 1", "belong to SCHED_DEADLINE, not to SCHED_BATCH" },
		{ "'policy': 'SCHED_ISO'", "the kernel has no SCHED_ISO" },
		{ "'policy': 'SCHED_OTHER', 'flags': ['SCHED_FLAG_X']", "process.scheduler.flags[0]: expected \"SCHED_FLAG_RESET_ON_FORK\"" },
	};

	expect_wrong(cases, COUNT(cases), "'process': {'cwd': '/', 'args': ['sh'], 'scheduler': {", "}}");
}

Test(oci_errors, mounts)
{
	static const struct wrong cases[] = {
		{ "{'type': 'proc'}", "mounts[0]: missing required field \"destination\"" },
		{ "{'destination': '', 'type': 'proc'}", "mounts[0].destination: expected an absolute path" },
		{ "{'destination': '/a/../b', 'type': 'proc'}", "mounts[0].destination: expected an absolute path without \"..\"" },
		{ "{'destination': '/a', 'target': '/b'}", "mounts[0].target: unknown field" },
		{ "{'destination': '/a', 'option': []}", "did you mean \"options\"?" },
		{ "{'destination': '/a', 'options': 'ro'}", "mounts[0].options: expected an array of texts" },
		{ "{'destination': '/p', 'type': 'proc'}, {'destination': '/a'}", "mounts[1]: a mount needs a \"type\"" },
		{ "{'destination': '/a', 'options': ['bind']}", "mounts[0]: a bind mount needs a \"source\"" },
		{ "{'destination': '/a', 'type': 'proc', 'options': ['tmpcopyup']}", "mounts[0].options: tmpcopyup fills a tmpfs" },
		{ "{'destination': '/a', 'source': '/s', 'options': ['bind', 'idmap']}", "mounts[0]: idmap needs uidMappings and gidMappings" },
		{ "{'destination': '/a', 'source': '/s', 'options': ['bind'], 'uidMappings': [{'containerID': 0, 'hostID': 0, 'size': 1}]}",
		  "mounts[0]: uidMappings and gidMappings belong together: gidMappings is missing" },
		{ "{'destination': '/a', 'type': 'tmpfs', 'uidMappings': [{'containerID': 0, 'hostID': 0, 'size': 1}],"
		  "'gidMappings': [{'containerID': 0, 'hostID': 0, 'size': 1}]}",
		  "mounts[0]: only a bind mount can have mappings" },
	};

	expect_wrong(cases, COUNT(cases), "'mounts': [", "]");
}

Test(oci_errors, hooks)
{
	static const struct wrong cases[] = {
		{ "'prestart': [{}]", "hooks.prestart[0]: missing required field \"path\"" },
		{ "'prestart': [{'path': 'a'}]", "hooks.prestart[0].path: expected an absolute path" },
		{ "'prestart': {}", "hooks.prestart: expected an array" },
		{ "'preStart': []", "hooks.preStart: unknown field \"preStart\": did you mean \"prestart\"?" },
		{ "'poststop': [{'path': '/a', 'timeout': 0}]", "hooks.poststop[0].timeout: expected a whole number from 1" },
		{ "'poststop': [{'path': '/a', 'arg': []}]", "did you mean \"args\"?" },
	};

	expect_wrong(cases, COUNT(cases), "'hooks': {", "}");
}

Test(oci_errors, linux_object)
{
	static const struct wrong cases[] = {
		{ "'maskedPath': []", "linux.maskedPath: unknown field \"maskedPath\": did you mean \"maskedPaths\"?" },
		{ "'memory': {}", "linux.memory: unknown field \"memory\"" },
		{ "'namespaces': [{'type': 'net'}]", "linux.namespaces[0].type: expected \"user\", \"pid\", \"network\"" },
		{ "'namespaces': [{'path': '/x'}]", "linux.namespaces[0]: missing required field \"type\"" },
		{ "'namespaces': [{'type': 'pid', 'file': '/x'}]", "linux.namespaces[0].file: unknown field" },
		{ "'namespaces': [{'type': 'pid', 'path': 'x'}]", "linux.namespaces[0].path: expected an absolute path, found \"x\"" },
		{ "'namespaces': [{'type': 'pid'}, {'type': 'pid', 'path': '/x'}]", "linux.namespaces[1]: the pid namespace is listed twice" },
		{ "'uidMappings': [{'containerID': 0, 'hostID': 0, 'size': 1}]", "linux.uidMappings: mappings need a user namespace" },
		{ "'namespaces': [{'type': 'user'}]", "linux: a new user namespace needs uidMappings and gidMappings" },
		{ "'namespaces': [{'type': 'user'}], 'uidMappings': [{'containerID': 0, 'hostID': 0, 'size': 0}]",
		  "linux.uidMappings[0].size: expected a whole number from 1" },
		{ "'namespaces': [{'type': 'user'}], 'gidMappings': [{'containerID': 4294967290, 'hostID': 0, 'size': 6}],"
		  "'uidMappings': [{'containerID': 0, 'hostID': 0, 'size': 1}]",
		  "linux.gidMappings[0]: the range ends behind the last id" },
		{ "'devices': [{'path': '/dev/x', 'type': 'x'}]", "linux.devices[0].type: expected \"c\", \"b\", \"u\" or \"p\", found \"x\"" },
		{ "'devices': [{'path': '/dev/x', 'type': 'c', 'major': 1}]", "linux.devices[0]: a device needs \"major\" and \"minor\"" },
		{ "'devices': [{'path': 'x', 'type': 'p'}]", "linux.devices[0].path: expected an absolute path" },
		{ "'devices': [{'path': '/x', 'type': 'p', 'filemode': 1}]",
		  "linux.devices[0].filemode: unknown field \"filemode\": did you mean \"fileMode\"?" },
		{ "'maskedPaths': ['/a', 'b']", "linux.maskedPaths[1]: expected an absolute path, found \"b\"" },
		{ "'readonlyPaths': ['a']", "linux.readonlyPaths[0]: expected an absolute path" },
		{ "'maskedPaths': ['/a']", "linux.maskedPaths: to hide a path needs a namespace of its own: linux.namespaces has no \"mount\"" },
		{ "'readonlyPaths': ['/a']",
		  "linux.readonlyPaths: to protect a path needs a namespace of its own: linux.namespaces has no \"mount\"" },
		{ "'rootfsPropagation': 'public'", "linux.rootfsPropagation: expected \"private\", \"shared\"" },
		{ "'intelRdt': {'closID': 'x'}", "linux.intelRdt: " },
		{ "'personality': {'domain': 'BSD'}", "linux.personality.domain: expected \"LINUX\" or \"LINUX32\"" },
		{ "'personality': {'domain': 'LINUX', 'flags': ['A']}", "linux.personality.flags: the specification has no flags yet" },
		{ "'timeOffsets': {'monotonic': {'secs': 1}}", "linux.timeOffsets: offsets need a new time namespace" },
		{ "'namespaces': [{'type': 'time', 'path': '/t'}], 'timeOffsets': {'boottime': {'nanosecs': 1}}",
		  "linux.timeOffsets: offsets need a new time" },
		{ "'timeOffsets': {'boottime': {'nanosecs': 1000000000}}",
		  "linux.timeOffsets.boottime.nanosecs: expected a whole number from 0 to 999999999" },
		{ "'memoryPolicy': {'mode': 'MPOL_BIND'}", "linux.memoryPolicy: MPOL_BIND needs \"nodes\"" },
		{ "'memoryPolicy': {'mode': 'MPOL_LOCAL', 'nodes': '0'}", "linux.memoryPolicy: MPOL_LOCAL takes no \"nodes\"" },
		{ "'memoryPolicy': {'mode': 'MPOL_BIND', 'nodes': 'x'}", "linux.memoryPolicy.nodes: expected a list of nodes" },
		{ "'memoryPolicy': {'mode': 'MPOL_BIND', 'nodes': '0', 'flags': ['MPOL_F_STATIC_NODES', 'MPOL_F_RELATIVE_NODES']}",
		  "static and relative at once" },
		{ "'netDevices': {'eth0': {}}",
		  "linux.netDevices: to move a device needs a namespace of its own: linux.namespaces has no \"network\"" },
		{ "'netDevices': {'eth/0': {}}", "\"eth/0\" is no name of a network device" },
		{ "'netDevices': {'eth0': {'name': 'abcdefghijklmnop'}}", "linux.netDevices.eth0: \"abcdefghijklmnop\" is no name" },
		{ "'netDevices': {'a': {'name': 'x'}, 'b': {'name': 'x'}}", "linux.netDevices.b: two devices are called \"x\"" },
	};

	expect_wrong(cases, COUNT(cases), "'linux': {", "}");
}

Test(oci_errors, names_and_sysctls)
{
	static const struct wrong cases[] = {
		{ "'hostname': 'h'", "hostname: hostname needs a namespace of its own: linux.namespaces has no \"uts\"" },
		{ "'domainname': 'd'", "domainname: domainname needs a namespace of its own: linux.namespaces has no \"uts\"" },
		{ "'hostname': '12345678901234567890123456789012345678901234567890123456789012345'",
		  "hostname: 65 bytes, the kernel takes at most 64" },
		{ "'linux': {'sysctl': {'net.core.somaxconn': '1'}}",
		  "linux.sysctl.net.core.somaxconn: net.core.somaxconn needs a namespace of its own: linux.namespaces has no \"network\"" },
		{ "'linux': {'sysctl': {'net/core/somaxconn': '1'}}",
		  "net.core.somaxconn needs a namespace of its own: linux.namespaces has no \"network\"" },
		{ "'linux': {'sysctl': {'kernel.msgmax': '1'}}", "kernel.msgmax needs a namespace of its own: linux.namespaces has no \"ipc\"" },
		{ "'linux': {'sysctl': {'fs.mqueue.msg_max': '1'}}", "needs a namespace of its own: linux.namespaces has no \"ipc\"" },
		{ "'linux': {'sysctl': {'kernel.domainname': '1'}}", "needs a namespace of its own: linux.namespaces has no \"uts\"" },
		{ "'linux': {'sysctl': {'kernel.hostname': '1'}}", "the host name has a place of its own" },
		{ "'linux': {'sysctl': {'vm.swappiness': '1'}}", "vm.swappiness is no setting of a namespace: it would change the host's" },
		{ "'linux': {'sysctl': {'kernel.core_pattern': '|/x'}}", "is no setting of a namespace" },
		{ "'linux': {'sysctl': ['a']}", "linux.sysctl[0]: expected a text such as \"KEY=value\"" },
		{ "'annotations': {'': 'x'}", "expected a key that is not empty" },
	};

	expect_wrong(cases, COUNT(cases), "", "");
}

Test(oci_errors, seccomp)
{
	static const struct wrong cases[] = {
		{ "[]", "linux.seccomp: expected an object, found []" },
		{ "{}", "linux.seccomp: expected \"defaultAction\"" },
		{ "{'defaultAction': 'SCMP_ACT_X'}", "linux.seccomp.defaultAction: expected an action" },
		{ "{'defaultAction': 'SCMP_ACT_ALLOW', 'default': 1}", "linux.seccomp: unknown key \"default\"" },
		{ "{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['a'], 'action': 'SCMP_ACT_ERRNO', 'args': [{'index': 6, 'op': 'SCMP_CMP_EQ'}]}]}",
		  "linux.seccomp.syscalls[0].args[0].index: expected a number from 0 to 5" },
		{ "{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['a'], 'action': 'SCMP_ACT_ERRNO', 'args': [{'index': 0, 'value': -1, 'op': 'SCMP_CMP_EQ'}]}]}",
		  "linux.seccomp.syscalls[0].args[0].value: expected a whole number from 0 to 18446744073709551615, found -1" },
		{ "{'defaultAction': 'SCMP_ACT_ALLOW', 'listenerPath': 'x'}", "linux.seccomp.listenerPath: expected an absolute path" },
	};

	expect_wrong(cases, COUNT(cases), "'linux': {'seccomp': ", "}");
}

Test(oci_errors, resources)
{
	static const struct wrong cases[] = {
		{ "'memori': {}", "linux.resources.memori: unknown field \"memori\": did you mean \"memory\"?" },
		{ "'memory': {'limit': -2}", "linux.resources.memory.limit: expected a whole number, at least -1, found -2" },
		{ "'memory': {'limits': 1}", "did you mean \"limit\"?" },
		{ "'memory': {'limit': 10, 'swap': 5}", "linux.resources.memory.swap: memory and swap together (5) are less than the memory (10)" },
		{ "'memory': {'swappiness': 101}", "linux.resources.memory.swappiness: expected a whole number from 0 to 100" },
		{ "'cpu': {'idle': 2}", "linux.resources.cpu.idle: expected a whole number from 0 to 1" },
		{ "'cpu': {'cpuset': '0'}", "linux.resources.cpu.cpuset: unknown field" },
		{ "'pids': {'max': 1}", "linux.resources.pids.max: unknown field" },
		{ "'blockIO': {'weight': 9}", "linux.resources.blockIO.weight: expected 0 or a whole number from 10 to 1000, found 9" },
		{ "'blockIO': {'weight': 1001}", "linux.resources.blockIO.weight: expected a whole number from 0 to 1000" },
		{ "'blockIO': {'weightDevice': [{'major': 1, 'minor': 1, 'leafWeight': 1}]}",
		  "linux.resources.blockIO.weightDevice[0].leafWeight: expected 0 or" },
		{ "'blockIO': {'throttleReadBpsDevice': [{'major': 1}]}",
		  "linux.resources.blockIO.throttleReadBpsDevice[0]: missing required field \"minor\"" },
		{ "'devices': [{'type': 'c'}]", "linux.resources.devices[0]: missing required field \"allow\"" },
		{ "'devices': [{'allow': true, 'type': 'z', 'access': 'r'}]",
		  "linux.resources.devices[0].type: expected \"a\", \"b\" or \"c\", found \"z\"" },
		{ "'devices': [{'allow': true}]", "linux.resources.devices[0].access: expected letters of \"rwm\"" },
		{ "'devices': [{'allow': true, 'access': 'rx'}]", "linux.resources.devices[0].access: expected letters of \"rwm\", found \"rx\"" },
		{ "'hugepageLimits': [{'pageSize': '2MiB', 'limit': 1}]",
		  "linux.resources.hugepageLimits[0].pageSize: expected a page size such as \"2MB\"" },
		{ "'hugepageLimits': [{'pageSize': '../x', 'limit': 1}]", "expected a page size" },
		{ "'hugepageLimits': [{'pageSize': '2MB'}]", "linux.resources.hugepageLimits[0]: missing required field \"limit\"" },
		{ "'network': {'classID': 4294967296}", "linux.resources.network.classID: expected a whole number from 0 to 4294967295" },
		{ "'network': {'priorities': [{'name': 'a b', 'priority': 1}]}", "linux.resources.network.priorities[0].name: \"a b\" is no name" },
		{ "'rdma': {'a b': {}}", "linux.resources.rdma: \"a b\" is no name of a device" },
		{ "'rdma': {'a': {'hcaHandle': 1}}", "did you mean \"hcaHandles\"?" },
		{ "'unified': {'../x.y': '1'}", "linux.resources.unified: expected a file of a cgroup such as \"memory.high\", found \"../x.y\"" },
		{ "'unified': {'memory': '1'}", "linux.resources.unified: expected a file of a cgroup" },
	};

	expect_wrong(cases, COUNT(cases), "'linux': {'resources': {", "}}");
}
