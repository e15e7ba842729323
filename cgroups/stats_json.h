/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats_json.h - the figures of a group as the JSON of "runc events --stats".
 */
#pragma once

struct cgroup;
struct error;
struct text;

/* Adds {"type":"stats","id":"ID","data":{…}} as one line without its end. What this host does not count is 0 or left out, as there. */
int cgroup_stats_json(const struct cgroup *group, const char *id, struct text *ret, struct error *e);
