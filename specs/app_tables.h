/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_tables.h - the tables of the objects inside app.json. Private to specs/.
 */
#pragma once

#include "specs/field.h"

extern const struct field build_fields[];
extern const struct field volume_fields[];
extern const struct field port_fields[];
extern const struct field app_network_fields[];
extern const struct field resource_fields[];
extern const struct field security_fields[];
extern const struct field healthcheck_fields[];
extern const struct field env_source_fields[];
extern const struct field secret_fields[];
extern const struct field secret_source_fields[];
extern const struct field reload_fields[];
extern const struct field logging_fields[];
extern const struct field update_fields[];
extern const struct field schedule_fields[];
