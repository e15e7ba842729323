/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dropped.h - what an app wrote that the next generation does not have. Private to cli/up/.
 */
#pragma once

struct up;
struct up_service;

/* Names, on stderr, the files in the writable layer of an instance that is about to be replaced, where there are any: the first ones. */
void up_tell_dropped(const struct up *up, const char *name);

/* The same of its volumes that the service as it is written now does not have. */
void up_tell_left_volumes(const struct up *up, const struct up_service *service, const char *name);
