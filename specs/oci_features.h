/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_features.h - what box can do, in OCI's form (features.md).
 */
#pragma once

struct text;

/* The JSON of "features". It says what this program was built for, not what this host allows; supportedFlags of seccomp alone are those
 * that this kernel has. Adds to ret. */
void oci_features(struct text *ret);
