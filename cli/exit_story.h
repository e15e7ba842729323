/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit_story.h - why an app ended, in words: of box explain and box up.
 */
#pragma once

struct exit_record;
struct list;
struct text;

/* Adds lines about the record; name is what the user calls it. numbers of all that are kept; NULL: not to be told. */
void exit_story_add(const char *name, const struct exit_record *record, const struct list *numbers, struct text *ret);
