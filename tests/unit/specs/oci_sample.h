/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_sample.h - small OCI documents for tests. In all of them ' stands for ".
 */
#pragma once

struct container;
struct error;
struct limits;
struct text;

/* A config.json of the given parts beside ociVersion and root, in the bundle /bundle. */
int oci_sample_config(const char *parts, struct container *ret, struct error *e);

/* The whole text as it is. */
int oci_sample_whole(const char *json, struct container *ret, struct error *e);
int oci_sample_process(const char *json, struct container *ret, struct error *e);
int oci_sample_resources(const char *json, struct limits *ret, struct error *e);

/* As oci_sample_config; the test fails where it does not decode. */
void oci_sample_good(const char *parts, struct container *ret);

/* The file of the fuzz corpus: what engines really wrote. */
void oci_sample_read(const char *name, struct text *ret);
void oci_sample_engine(const char *name, struct container *ret);
