/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inputs.h - what the caller says about a build, by options, variables or a spec; and the build file.
 */
#pragma once

struct app_build;
struct build_spec;
struct build_work;
struct error;

/* Secrets, arguments, time, platform, target, and contexts by name. operand: the spec's path, where there is one. own: this host's
 * platform, which work borrows. */
int build_inputs_take(struct build_work *work, const struct build_spec *spec, const char *operand, char *own, struct error *e);

/* The spec's own steps, or (NULL, or a spec without) the Dockerfile, whose context is open: stages that nothing was done for. */
int build_inputs_parse(struct build_work *work, const struct app_build *spec, struct error *e);

/* Tells arguments that nothing has; after the stages, because a base's ONBUILD may have the ARG. */
void build_inputs_warn(const struct build_work *work);
