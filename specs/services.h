/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services.h - several apps in one file. Private to specs/.
 */
#pragma once

#include <jansson.h>

struct app;
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

/* service_shared.c: what the file says for all. Before a service is decoded, secrets by name get their sources; afterwards names of
 * volumes and networks become whole. */
void service_secrets(json_t *secrets, json_t *service);
int service_names(const struct stack *stack, const char *service, struct app *app, struct problems *p);

/* Tells each service which others are in its networks. */
void services_introduce(struct stack *stack);

/* Whole names: "shop_data" for "data" of the file shop. */
void services_name_all(struct stack *stack);
