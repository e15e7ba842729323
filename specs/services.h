/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services.h - several apps in one file. Private to specs/.
 */
#pragma once

#include <jansson.h>

struct app;
struct app_options;
struct error;
struct list;
struct problems;
struct stack;
struct stack_service;

/* Decodes and checks the file that root is, its overrides merged, and every service of it. file: whose name and folder they have; it
 * gets the name of the stack. ret is released by stack_release in any case. */
int services_decode(struct app *file, json_t *root, struct stack *ret, struct problems *p);

/* service_depends.c: "depends_on" of one service. services: all of them, by name. */
int service_dependencies(json_t *services, json_t *service, struct stack_service *ret, struct problems *p);

/* Gives each service its level and puts them in order; a circle is an error. */
int services_order(struct stack *stack, struct problems *p);

/* service_clashes.c: two of them want the same port of the host, or two networks the same addresses. */
int services_check_clashes(const struct stack *stack, struct problems *p);

/* service_shared.c: what the file says for all. Before a service is decoded, secrets by name get their sources; afterwards names of
 * volumes and networks become whole. */
void service_secrets(json_t *secrets, json_t *service);
/* Before all of them: what is wrong with a source is told at its own place, and once. */
int services_check_secrets(json_t *secrets, struct problems *p);
int service_names(const struct stack *stack, const char *service, struct app *app, struct problems *p);

/* Tells a service that another one is in its networks; each of a file about all others. */
void service_introduce(const struct stack_service *one, const struct stack_service *other);
void services_introduce(struct stack *stack);

/* A run beside a service (struct app_options): what only the service has is taken out of it before it is decoded, and options are put in.
 * Afterwards it gets its own name, and what the service is called leads it to the service. */
int services_set_beside(struct app *file, json_t *root, const struct app_options *options, struct error *e);
void service_rename(const struct stack_service *service, const char *name);

/* Whole names: "shop_data" for "data" of the file shop. */
void services_name_all(struct stack *stack);
