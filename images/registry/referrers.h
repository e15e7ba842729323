/* SPDX-License-Identifier: Apache-2.0 */
/*
 * referrers.h - what refers to an image: signatures, SBOMs, attestations (distribution-spec 1.1). Runs inside the sandbox.
 *
 *     /v2/NAME/referrers/DIGEST            the referrers API
 *     the tag sha256-HEX                   an index that clients keep, where a registry has no such API
 *     the tags sha256-HEX.sig .att .sbom   as cosign has them without either
 */
#pragma once

struct digest;
struct document;
struct error;
struct registry;
struct text;

/* Adds a JSON list of descriptors, each with "found", which of the places it comes from. */
int referrers_list(struct registry *registry, const char *repository, const struct digest *subject, struct text *ret, struct error *e);

/* Enters the manifest that the registry has taken (as json, with that digest) into the index of the tag of its subject, where the registry
 * has no referrers API and leaves that to its clients. */
int referrers_add(struct registry *registry, const char *repository, const struct document *manifest, const char *media_type,
		  const char *digest, long long size, struct error *e);
