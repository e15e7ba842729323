/* SPDX-License-Identifier: Apache-2.0 */
/*
 * variant.h - a value as GVariant text: what properties of units are written as. Text in, tree out; nothing here knows D-Bus.
 *
 *     true   42   uint64 1048576   0x1f   1.5   'text'   "text"   objectpath '/a'   [uint32 1, 2]   ('a', 5)   @as []   <'any'>
 *
 * Of the whole language (docs.gtk.org/glib/gvariant-text.html) there are no dictionaries, no maybes and no byte strings: no property wants
 * one. In an array the first item says the type of all.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;

enum { VARIANT_DEPTH_MAX = 16, VARIANT_ITEMS_MAX = 4096 };

struct variant {
	char *signature; /* of D-Bus: "t", "as", "(ss)" */
	union {
		uint64_t bits; /* of integers and booleans: as that type's own bits, widened */
		double number;
	};
	char *text;            /* s, o, g */
	struct variant *items; /* a, (, v */
	size_t count;
};

/* -1 with what was expected where. The text is at most 64 KiB. */
int variant_parse(const char *text, struct variant *ret, struct error *e);
void variant_release(struct variant *variant);

/* The time of a property whose name ends in "Sec" (runc's shorthand) as what systemd wants: "uint64" microseconds. variant is a number of
 * seconds, and becomes one of microseconds. -1 where it is no number that fits. */
int variant_to_microseconds(struct variant *variant, struct error *e);
