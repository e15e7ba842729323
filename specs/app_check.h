/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_check.h - rules between and beyond the fields of app.json. Private to specs/.
 */
#pragma once

struct app;
struct error;
struct list;

/* The first rule that is broken. */
int app_check_first(const struct app *app, struct error *e);

/* Every rule; tell is called for each that is broken. */
void app_check_all(const struct app *app, void (*tell)(const struct app *, struct list *, struct error *), struct list *problems);
