/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stack_fields.h - the tables of what a file with services has beside them (stack.c). Private to specs/.
 */
#pragma once

#include "specs/field.h"

struct stack;

extern const struct field services_table[]; /* of struct stack: the file's own keys */
extern const struct field dependency_fields[], stack_volume_fields[], stack_network_fields[];

/* Releases everything but the memory of stack itself. */
void stack_release(struct stack *stack);
