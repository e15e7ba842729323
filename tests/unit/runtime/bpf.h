/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpf.h - the kernel's reading of a seccomp program, for tests.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct seccomp_data;
struct sock_filter;

/* Runs a program on one call. Whatever the kernel would not load (a jump or a load out of bounds, an unknown instruction) ends the test. */
uint32_t bpf_run(const struct sock_filter *code, size_t count, const struct seccomp_data *data);

/* A random number from a state; the same sequence for the same seed. */
uint64_t bpf_random(uint64_t *state);
