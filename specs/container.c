/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container.c - release of a container and its limits.
 */
#include "specs/container.h"

#include <stdlib.h>
#include <string.h>

#include "specs/app_parts.h"

void limits_init(struct limits *limits)
{
	*limits = (struct limits){
		.memory = LIMIT_UNSET, .memory_reservation = LIMIT_UNSET, .swap = LIMIT_UNSET, .cpu_quota_us = LIMIT_UNSET,
		.cpu_period_us = 100000, .cpu_weight = LIMIT_UNSET, .pids = LIMIT_UNSET, .io_weight = LIMIT_UNSET,
	};
}

void limits_release(struct limits *limits)
{
	for (size_t i = 0; i < limits->io_count; i++)
		free(limits->io[i].device);
	free(limits->io);
	free(limits->cpuset);
	free(limits->cpuset_mems);
	limits_init(limits);
}

static void release_files(struct container *c)
{
	for (size_t i = 0; i < c->file_count; i++) {
		struct file_entry *file = &c->files[i];

		/* A secret does not stay in freed memory. */
		if (file->data)
			explicit_bzero(file->data, file->length);
		free(file->data);
		free(file->target);
		free(file->field);
	}
	free(c->files);
}

static void release_arrays(struct container *c)
{
	for (size_t i = 0; i < c->layer_count; i++)
		free(c->layers[i].path);
	for (size_t i = 0; i < c->mount_count; i++)
		mount_entry_release(&c->mounts[i]);
	for (size_t i = 0; i < c->device_count; i++)
		device_entry_release(&c->devices[i]);
	for (size_t i = 0; i < c->sysctl_count; i++) {
		free(c->sysctls[i].key);
		free(c->sysctls[i].value);
	}
	free(c->layers);
	free(c->mounts);
	free(c->devices);
	free(c->sysctls);
	free(c->rlimits);
}

void container_release(struct container *c)
{
	struct list *lists[] = { &c->args, &c->env, &c->group_add, &c->masked_paths, &c->read_only_paths, &c->labels };
	char *texts[] = { c->name, c->spec_file, c->image, c->working_dir, c->user, c->user_field, c->hostname, c->seccomp_file };

	release_files(c);
	release_arrays(c);
	limits_release(&c->limits);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		list_release(lists[i]);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		free(texts[i]);
	*c = (struct container){ 0 };
}
