# SPDX-License-Identifier: Apache-2.0
# bundle.jq - from "runc spec" to the config.json that is measured: a program, limits, and a profile of Docker's form resolved for the
# capabilities of the process, as an engine does it.
#
# jq --slurpfile profile FILE --arg program WORDS --arg rootfs FOLDER -f bundle.jq config.json

.process.capabilities.bounding as $caps
| def wanted: ((.includes.caps // []) - $caps == [])
	and ((.includes.arches // ["amd64"]) | index("amd64") != null)
	and ([(.excludes.caps // [])[] | select(. as $c | $caps | index($c))] == [])
	and ((.excludes.arches // []) | index("amd64") == null);
$profile[0] as $p
| .process.terminal = false | .process.args = ($program | split(" ")) | .process.noNewPrivileges = true
| .root.path = $rootfs
| .linux.resources.memory.limit = 268435456 | .linux.resources.pids.limit = 200
| .linux.seccomp = {defaultAction: $p.defaultAction, architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
	syscalls: [$p.syscalls[] | select(wanted)
		| {names, action} + (if .errnoRet then {errnoRet} else {} end) + (if (.args // []) != [] then {args} else {} end)]}
	+ (if $p.defaultErrnoRet then {defaultErrnoRet: $p.defaultErrnoRet} else {} end)
