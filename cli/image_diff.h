/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_diff.h - where two images differ, for box diff and for a build that is verified.
 */
#pragma once

struct error;
struct list;
struct places;
struct text;

/*
 * All differences of two images, by their manifests' digests: "WHAT\tFIRST\tSECOND\t/PATH" each, files in the order of their paths. Behind
 * them what is no file, with a PATH that does not begin with "/": "configuration", "layers", "manifest". No line: they are one image.
 */
int image_diff(const struct places *places, const char *first, const char *second, struct list *ret, struct error *e);

/* A line as people read it: "/etc/motd: content at byte 12 (sha256:12…, sha256:34…)". */
void image_diff_text(const struct list *lines, struct text *ret);
/* [{"path": …, "what": …, "first": …, "second": …}] */
void image_diff_json(const struct list *lines, struct text *ret);
