/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container.c - release of a container and its limits.
 */
#include "specs/container.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "specs/app_parts.h"

void limits_init(struct limits *limits)
{
	*limits = (struct limits){
		.memory = LIMIT_UNSET, .memory_reservation = LIMIT_UNSET, .swap = LIMIT_UNSET, .cpu_quota_us = LIMIT_UNSET,
		.cpu_period_us = 100000, .cpu_weight = LIMIT_UNSET, .pids = LIMIT_UNSET, .io_weight = LIMIT_UNSET,
		.memory_and_swap = LIMIT_UNSET, .swappiness = LIMIT_UNSET, .oom_kill_disabled = LIMIT_UNSET,
		.cpu_shares = LIMIT_UNSET, .cpu_burst_us = LIMIT_UNSET, .cpu_idle = LIMIT_UNSET, .cpu_rt_runtime_us = LIMIT_UNSET,
		.cpu_rt_period_us = LIMIT_UNSET, .blkio_weight = LIMIT_UNSET, .blkio_leaf_weight = LIMIT_UNSET,
		.net_class = LIMIT_UNSET,
	};
}

void limits_release(struct limits *limits)
{
	for (size_t i = 0; i < limits->io_count; i++)
		free(limits->io[i].device);
	for (size_t i = 0; i < limits->hugepage_count; i++)
		free(limits->hugepages[i].page_size);
	free(limits->io);
	free(limits->io_weights);
	free(limits->hugepages);
	free(limits->device_rules);
	list_release(&limits->net_priorities);
	list_release(&limits->rdma);
	list_release(&limits->unified);
	free(limits->cpuset);
	free(limits->cpuset_mems);
	limits_init(limits);
}

void secret_list_release(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		explicit_bzero(list->items[i], strlen(list->items[i]));
	list_release(list);
}

static void release_health(struct health_check *health)
{
	list_release(&health->args);
	free(health->path);
	free(health->host);
}

void file_entry_release(struct file_entry *file)
{
	/* A secret does not stay in freed memory. */
	if (file->data)
		explicit_bzero(file->data, file->length);
	free(file->data);
	free(file->target);
	free(file->watch);
	free(file->field);
	*file = (struct file_entry){ 0 };
}

void secret_change_release(struct secret_change *change)
{
	file_entry_release(&change->file);
	list_release(&change->exec);
}

static void release_files(struct container *c)
{
	for (size_t i = 0; i < c->file_count; i++)
		file_entry_release(&c->files[i]);
	free(c->files);
}

void layer_release(struct layer *layer)
{
	free(layer->path);
	if (layer->mount >= 0)
		close(layer->mount);
	*layer = (struct layer){ .mount = -1 };
}

void container_forget_networks(struct container *c)
{
	for (size_t i = 0; i < c->network_count; i++) {
		free(c->networks[i].name);
		free(c->networks[i].subnet);
		free(c->networks[i].field);
		list_release(&c->networks[i].aliases);
	}
	for (size_t i = 0; i < c->port_count; i++) {
		free(c->ports[i].host_ip);
		free(c->ports[i].field);
	}
	free(c->networks);
	free(c->ports);
	list_release(&c->extra_hosts);
	list_release(&c->neighbours);
	c->networks = NULL;
	c->ports = NULL;
	c->network_count = c->port_count = 0;
}

static void release_arrays(struct container *c)
{
	for (size_t i = 0; i < c->layer_count; i++)
		layer_release(&c->layers[i]);
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

static void release_hooks(struct hook_list *hooks)
{
	for (size_t i = 0; i < hooks->count; i++) {
		free(hooks->items[i].path);
		list_release(&hooks->items[i].args);
		list_release(&hooks->items[i].env);
	}
	free(hooks->items);
}

static void release_oci(struct oci_part *oci)
{
	char *texts[] = { oci->bundle, oci->version, oci->cgroups_path, oci->domainname, oci->apparmor_profile, oci->selinux_label,
			  oci->mount_label, oci->affinity_initial, oci->affinity_final, oci->memory_nodes, oci->seccomp_listener,
			  oci->seccomp_metadata };

	for (int i = 0; i < HOOK_COUNT; i++)
		release_hooks(&oci->hooks[i]);
	for (size_t i = 0; i < oci->node_count; i++) {
		free(oci->nodes[i].path);
		free(oci->nodes[i].field);
	}
	for (size_t i = 0; i < oci->net_device_count; i++) {
		free(oci->net_devices[i].name);
		free(oci->net_devices[i].renamed);
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		free(texts[i]);
	free(oci->nodes);
	free(oci->net_devices);
	list_release(&oci->annotations);
	free(oci);
}

struct oci_part *oci_part_new(void)
{
	struct oci_part *oci = alloc_zeroed(1, sizeof *oci);

	oci->oom_score_adj = LIMIT_UNSET;
	oci->personality = -1;
	oci->memory_policy = -1;
	return oci;
}

const struct oci_part *container_extra(const struct container *c)
{
	return c->oci ? c->oci : c->block;
}

bool container_has_namespace(const struct container *c, enum namespace_kind kind)
{
	return c->namespaces[kind].choice != NAMESPACE_HOST;
}

void container_release(struct container *c)
{
	struct list *lists[] = { &c->args, &c->env, &c->group_add, &c->masked_paths, &c->read_only_paths, &c->labels,
				 &c->reload.exec };
	char *texts[] = { c->name, c->spec_file, c->image, c->working_dir, c->user, c->user_field, c->hostname, c->seccomp_file,
			  c->seccomp_text, c->root_folder, c->service };

	release_files(c);
	secret_list_release(&c->secret_env);
	release_health(&c->health);
	release_arrays(c);
	container_forget_networks(c);
	limits_release(&c->limits);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		list_release(lists[i]);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		free(texts[i]);
	for (int i = 0; i < NAMESPACE_COUNT; i++)
		free(c->namespaces[i].path);
	free(c->id_map);
	if (c->oci)
		release_oci(c->oci);
	if (c->block)
		release_oci(c->block);
	*c = (struct container){ 0 };
}
