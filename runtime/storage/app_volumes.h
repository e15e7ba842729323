/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_volumes.h - which named volumes an app in the background has: STORE/apps/NAME/volumes, a name per line.
 *
 * Those of its image are among them. Written when the app is made; box rename changes none of these names.
 */
#pragma once

struct container;
struct error;
struct list;
struct places;

/* Notes the volumes of the container in the open folder of a definition that is being made. */
int app_volumes_define(int definition, const struct container *container, struct error *e);

/* Adds the volumes of an app. */
int app_volumes_of(const struct places *places, const char *app, struct list *ret, struct error *e);

/* Adds the apps that have the volume, in no order, whichever state folder they are of and whether they run or not. */
void apps_with_volume(const struct places *places, const char *volume, struct list *ret);
