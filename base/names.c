/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.c - numbers of the kernel and their names.
 *
 * Signal names follow signal(7), capabilities capabilities(7) by number, limits getrlimit(2).
 */
#include "base/names.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/number.h"

static const char *const capabilities[CAPABILITY_COUNT] = {
	"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
	"LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
	"SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
	"SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
	"MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
	"CHECKPOINT_RESTORE",
};

static const struct {
	const char *name;
	int number;
} rlimits[] = {
	{ "as", RLIMIT_AS },           { "core", RLIMIT_CORE },         { "cpu", RLIMIT_CPU },
	{ "data", RLIMIT_DATA },       { "fsize", RLIMIT_FSIZE },       { "locks", RLIMIT_LOCKS },
	{ "memlock", RLIMIT_MEMLOCK }, { "msgqueue", RLIMIT_MSGQUEUE }, { "nice", RLIMIT_NICE },
	{ "nofile", RLIMIT_NOFILE },   { "nproc", RLIMIT_NPROC },       { "rss", RLIMIT_RSS },
	{ "rtprio", RLIMIT_RTPRIO },   { "rttime", RLIMIT_RTTIME },     { "sigpending", RLIMIT_SIGPENDING },
	{ "stack", RLIMIT_STACK },
};

static const char *without(const char *prefix, const char *name)
{
	size_t length = strlen(prefix);

	return strncasecmp(name, prefix, length) == 0 ? name + length : name;
}

int signal_number(const char *name)
{
	const char *word = without("SIG", name);
	int64_t number;

	if (number_parse(word, 1, SIGRTMAX, &number) == 0)
		return (int)number;
	if (strncasecmp(word, "RTMIN+", 6) == 0)
		return number_parse(word + 6, 0, SIGRTMAX - SIGRTMIN, &number) ? -1 : SIGRTMIN + (int)number;
	if (strncasecmp(word, "RTMAX-", 6) == 0)
		return number_parse(word + 6, 0, SIGRTMAX - SIGRTMIN, &number) ? -1 : SIGRTMAX - (int)number;
	for (int i = 1; i < SIGRTMIN; i++) {
		const char *known = sigabbrev_np(i);

		if (known && strcasecmp(known, word) == 0)
			return i;
	}
	return -1;
}

const char *signal_name(int number)
{
	static char name[24];
	const char *known = number > 0 && number < SIGRTMIN ? sigabbrev_np(number) : NULL;

	if (known)
		(void)snprintf(name, sizeof name, "SIG%s", known);
	else if (number >= SIGRTMIN && number <= SIGRTMAX)
		(void)snprintf(name, sizeof name, "SIGRTMIN+%d", number - SIGRTMIN);
	else
		(void)snprintf(name, sizeof name, "signal %d", number);
	return name;
}

int capability_number(const char *name)
{
	const char *word = without("CAP_", name);

	for (int i = 0; i < CAPABILITY_COUNT; i++)
		if (strcasecmp(capabilities[i], word) == 0)
			return i;
	return -1;
}

const char *capability_name(int number)
{
	return number >= 0 && number < CAPABILITY_COUNT ? capabilities[number] : NULL;
}

int rlimit_number(const char *name)
{
	const char *word = without("RLIMIT_", name);

	for (size_t i = 0; i < sizeof rlimits / sizeof *rlimits; i++)
		if (strcasecmp(rlimits[i].name, word) == 0)
			return rlimits[i].number;
	return -1;
}

const char *rlimit_name(int number)
{
	for (size_t i = 0; i < sizeof rlimits / sizeof *rlimits; i++)
		if (rlimits[i].number == number)
			return rlimits[i].name;
	return "unknown";
}

bool name_is_plain(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return *name && strlen(name) <= 128 && strspn(name, letters) == strlen(name) && !strchr("_.-", name[0]);
}

int name_check(const char *name, struct error *e)
{
	if (!name_is_plain(name))
		return error_set(e, ERROR_USAGE, "use the name \"%.140s\": expected a letter or digit, then up to 127 letters, "
				 "digits, \"_\", \".\" or \"-\"", name);
	return 0;
}
