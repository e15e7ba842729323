/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_kernel_settings.c - host name, sysctls and rlimits.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mountapi.h"
#include "base/text.h"
#include "runtime/child/capabilities.h"
#include "runtime/child/kernel_settings.h"
#include "runtime/child/rlimits.h"
#include "specs/container.h"

static const char *const bad_keys[] = {
	"",
	"net",
	".net.core",
	"net..core",
	"net.core.",
	"net/../kernel/core_pattern",
	"net.ipv4.conf.x/../../kernel/core_pattern",
	"kernel.shm_rmid_forced+kernel.core_pattern",
	"/kernel/core_pattern",
	"net.core somaxconn",
	"net.core\nx",
	"net/./core",
	"net/..",
	"net/.",
	"kernel.core_pattern\033",
	"kernel.ä",
};

Test(kernel_settings, bad_keys)
{
	autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < sizeof bad_keys / sizeof *bad_keys; i++) {
		struct sysctl_entry entry = { .key = (char *)bad_keys[i], .value = (char *)"1" };
		struct error e = { 0 };

		cr_expect_eq(settings_sysctls(proc, &entry, 1, &e), -1, "%s was accepted", bad_keys[i]);
		cr_expect(text_starts(e.text, "expected a sysctl such as \"net.core.somaxconn\", found "), "%s",
			  e.text);
	}
}

Test(kernel_settings, bad_values)
{
	struct sysctl_entry entry = { .key = (char *)"net.core.somaxconn", .value = (char *)"1\n2" };
	struct sysctl_entry missing = { .key = (char *)"net.core.nosuchsetting", .value = (char *)"1" };
	autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int none = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct error e = { 0 };

	cr_expect_eq(settings_sysctls(proc, &entry, 1, &e), -1);
	cr_expect_str_eq(e.text, "write net.core.somaxconn: the value has a line break or more than 4096 bytes");
	cr_expect_str_eq(e.field, "sysctls.net.core.somaxconn");
	cr_expect_eq(settings_sysctls(proc, &missing, 1, &e), -1);
	cr_expect_str_eq(e.text, "open /proc/sys/net/core/nosuchsetting: No such file or directory [ENOENT]");
	cr_expect(e.hint[0]);
	cr_expect_eq(settings_sysctls(none, &missing, 1, &e), -1);
}

/* A file that is not procfs's is not written, whatever lies at the path. */
Test(kernel_settings, not_procfs)
{
	struct sysctl_entry entry = { .key = (char *)"net.x", .value = (char *)"1" };
	char folder[] = "/tmp/box-unit-XXXXXX";
	struct error e = { 0 };
	int fd;

	cr_assert(mkdtemp(folder) != NULL);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert(mkdirat(fd, "sys", 0755) == 0 && mkdirat(fd, "sys/net", 0755) == 0);
	close(openat(fd, "sys/net/x", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	cr_expect_eq(settings_sysctls(fd, &entry, 1, &e), -1);
	cr_expect_str_eq(e.text, "write /proc/sys/net/x: it is not a file of procfs");
	cr_assert_eq(folder_remove(AT_FDCWD, folder, &e), 0);
	close(fd);
}

/* In namespaces of its own; returns the number of the check that failed. */
static int set_all(void)
{
	struct sysctl_entry entries[] = {
		{ .key = (char *)"net.ipv4.ip_unprivileged_port_start", .value = (char *)"0" },
		{ .key = (char *)"net/ipv4/ping_group_range", .value = (char *)"0 2147483647" },
		{ .key = (char *)"kernel.shm_rmid_forced", .value = (char *)"1" },
	};
	char name[65];
	struct error e = { 0 };
	struct text text = { 0 };
	int proc;

	if (unshare(CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC))
		return 1;
	proc = mount_make("proc", NULL, 0, &e);
	if (proc < 0)
		return 2;
	if (settings_sysctls(proc, entries, 3, &e))
		return 3;
	if (file_read(proc, "sys/net/ipv4/ip_unprivileged_port_start", 64, &text, &e) || strcmp(text.data, "0\n") != 0)
		return 4;
	text_clear(&text);
	if (file_read(proc, "sys/net/ipv4/ping_group_range", 64, &text, &e) ||
	    strcmp(text.data, "0\t2147483647\n") != 0)
		return 5;
	if (settings_hostname("a-host", &e) || gethostname(name, sizeof name) || strcmp(name, "a-host") != 0)
		return 6;
	if (settings_hostname("0123456789012345678901234567890123456789012345678901234567890123456789", &e) == 0 ||
	    strcmp(e.text, "set the host name: it has 70 bytes, the kernel takes 64") != 0)
		return 7;
	text_release(&text);
	return 0;
}

Test(kernel_settings, set)
{
	int status = 0;
	pid_t pid;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	pid = fork();
	if (pid == 0)
		_exit(set_all());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0, "check %d", WEXITSTATUS(status));
}

Test(rlimits, set_from_outside)
{
	struct rlimit_entry entries[] = { { RLIMIT_NOFILE, 100, 200 }, { RLIMIT_CORE, 0, 0 } };
	struct rlimit found = { 0 };
	struct error e = { 0 };
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	cr_assert_eq(rlimits_apply(pid, entries, 2, &e), 0, "%s", e.text);
	cr_assert_eq(prlimit(pid, RLIMIT_NOFILE, NULL, &found), 0);
	cr_expect_eq(found.rlim_cur, 100);
	cr_expect_eq(found.rlim_max, 200);
	cr_assert_eq(kill(pid, SIGKILL), 0);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
}

Test(rlimits, refused)
{
	struct rlimit_entry low = { RLIMIT_NOFILE, 100, 200 }, high = { RLIMIT_NOFILE, 100, 300 },
			    odd = { RLIMIT_CORE, 2, 1 };
	const struct capability_sets none = { 0 };
	struct error e = { 0 };

	if (geteuid() == 0) /* without CAP_SYS_RESOURCE, as on this kind of host */
		cr_assert_eq(capabilities_set(&none, &e), 0, "%s", e.text);
	cr_assert_eq(rlimits_apply(getpid(), &low, 1, &e), 0, "%s", e.text);
	cr_expect_eq(rlimits_apply(getpid(), &high, 1, &e), -1);
	cr_expect_str_eq(
		e.text,
		"set the limit nofile to 300: box itself may go up to 200, and raising that needs CAP_SYS_RESOURCE");
	cr_expect_str_eq(e.field, "ulimits.nofile");
	cr_expect_eq(e.sys, EPERM);
	cr_expect_eq(rlimits_apply(getpid(), &odd, 1, &e), -1);
	cr_expect_str_eq(e.text, "set the limit core: its soft value is above its hard value");
}
