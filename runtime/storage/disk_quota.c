/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk_quota.c - a limit of the space that a folder may take.
 */
#include "runtime/storage/disk_quota.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/quota.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>

#include "base/error.h"

#ifndef PRJQUOTA
#define PRJQUOTA 2 /* linux/quota.h; libc's header has only users and groups */
#endif

enum { LIMIT_BLOCK = 1024 }; /* in which if_dqblk has limits; what is used is in bytes */

static int ask(int folder, int command, uint32_t project, void *data)
{
	return (int)syscall(SYS_quotactl_fd, folder, QCMD(command, PRJQUOTA), project, data);
}

int disk_quota_probe(int folder, struct error *e)
{
	struct fs_quota_stat state = { .qs_version = FS_QSTAT_VERSION };

	if (ask(folder, Q_XGETQSTAT, 0, &state) == 0 && state.qs_flags & FS_QUOTA_PDQ_ENFD)
		return 0;
	error_set(e, ERROR_UNSUPPORTED, "the file system has no project quotas%s", state.qs_flags & FS_QUOTA_PDQ_ACCT
		  ? " that are enforced" : "");
	return error_hint(e, "xfs: mount it with prjquota; ext4: tune2fs -O project,quota -Q prjquota DEVICE while it is not mounted, "
			  "then mount it with prjquota; the kernel needs CONFIG_QFMT_V2 (ext4) or CONFIG_XFS_QUOTA");
}

static bool is_unused(int folder, uint32_t project)
{
	struct if_dqblk figures = { 0 };

	/* ENOENT: there has never been a file of it. */
	return ask(folder, Q_GETQUOTA, project, &figures) ? errno == ENOENT : figures.dqb_curspace == 0 && figures.dqb_curinodes == 0;
}

static int join(int folder, uint32_t project, struct error *e)
{
	struct fsxattr attributes;

	if (ioctl(folder, FS_IOC_FSGETXATTR, &attributes))
		return error_sys(e, "read the project of a folder");
	attributes.fsx_projid = project;
	attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	return ioctl(folder, FS_IOC_FSSETXATTR, &attributes) ? error_sys(e, "put a folder into project %u", project) : 0;
}

static int set_limit(int folder, uint32_t project, int64_t bytes)
{
	struct if_dqblk limits = { .dqb_bhardlimit = (uint64_t)bytes / LIMIT_BLOCK, .dqb_valid = QIF_BLIMITS };

	return ask(folder, Q_SETQUOTA, project, &limits);
}

int disk_quota_begin(const int *folders, int folder_count, uint32_t first, uint32_t count, int64_t bytes, struct error *e)
{
	uint32_t tried = 0;

	if (disk_quota_probe(folders[0], e))
		return -1;
	/* Another store on this file system may have leased the same ids. */
	while (tried < count && !is_unused(folders[0], first + tried))
		tried++;
	if (tried == count)
		return error_set(e, ERROR_EXISTS, "projects %u to %u have files already", first, first + count - 1);
	/* The limit first: no moment without it. */
	if (set_limit(folders[0], first + tried, bytes))
		return error_sys(e, "limit project %u to %jd bytes", first + tried, (intmax_t)bytes);
	for (int i = 0; i < folder_count; i++)
		if (join(folders[i], first + tried, e))
			return -1;
	return 0;
}

uint32_t disk_quota_project(int folder)
{
	struct fsxattr attributes;

	return ioctl(folder, FS_IOC_FSGETXATTR, &attributes) ? 0 : attributes.fsx_projid;
}

void disk_quota_read(int folder, int64_t *ret_used, int64_t *ret_limit)
{
	uint32_t project = disk_quota_project(folder);
	struct if_dqblk figures = { 0 };

	*ret_used = *ret_limit = 0;
	if (!project || ask(folder, Q_GETQUOTA, project, &figures) || !figures.dqb_bhardlimit)
		return;
	*ret_used = (int64_t)figures.dqb_curspace;
	*ret_limit = (int64_t)figures.dqb_bhardlimit * LIMIT_BLOCK;
}

void disk_quota_end(int folder, uint32_t project)
{
	if (project)
		(void)set_limit(folder, project, 0); /* it limits nobody: no file has that project */
}
