/* SPDX-License-Identifier: Apache-2.0 */
/*
 * referrers_request.h - what box and box-image say to each other about what refers to an image.
 *
 *     box-image referrers STORE-FD NAME DIGEST
 *
 * The answer's only told text is a JSON list (images/registry/referrers.h).
 */
#pragma once

struct error;
struct places;
struct text;

/* Asks the registry of the full name what refers to the manifest of that digest; adds the JSON list. */
int referrers_request(const struct places *places, const char *name, const char *digest, struct text *ret, struct error *e);
