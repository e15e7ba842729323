/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_services.h - "box stop app.json web": behind a file with services, words are services of it, as for box up and box run.
 *
 * The file stands for all of them only where none is named. A word behind it that is nothing at all is an error before anything is done:
 * "box rm -f app.json wbe" must not remove everything else.
 */
#pragma once

struct call;
struct error;
struct list;

/* In place of each "app.json", "web", "db" of the words: "shop-web", "shop-db". Words of another kind stay. */
int file_services_join(const struct call *call, struct list *words, struct error *e);

/* The same of a single NAME with what is a program's behind it: takes the service away from there. A word that is no service is the
 * program's. */
int file_services_take(const struct call *call, char **name, struct list *program, struct error *e);

/* The same of the first word and the second one: "app.json", "web", "8080" become "shop-web", "8080". */
int file_services_first(const struct call *call, struct list *words, struct error *e);
