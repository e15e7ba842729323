/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - from an image's name to the places that will be asked, with certificates and passwords.
 */
#pragma once

struct credentials;
struct error;
struct image_name;
struct plan;

/* name is copied. Reads configuration, certificates and passwords; asks credential helpers. */
int plan_make(const struct image_name *name, struct plan *ret, struct error *e);

/* The plan for a login at host, with these credentials and no others. */
int plan_login(const char *host, const struct credentials *credentials, struct plan *ret, struct error *e);
