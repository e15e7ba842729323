/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login_request.c - what box and box-image say to each other about passwords; box's side.
 */
#include "images/login_request.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/process.h"
#include "base/text.h"
#include "images/image_environment.h"
#include "images/store.h"
#include "images/unpack_request.h"

/* store: -1, or kept for the program. */
static int request(const struct list *words, int store, int input, struct list *ret_notes, struct error *e)
{
	autorelease(unpack_answer) struct unpack_answer answer = { 0 };
	autorelease(list) struct list argv = { 0 };
	autorelease(list) struct list environment = { 0 };
	autorelease(text) struct text out = { 0 };
	autofree char *helper = places_helper("box-image", e);
	struct process_run run = { .input = input, .keep = &store, .keep_count = store >= 0 };

	if (!helper)
		return -1;
	list_add(&argv, helper);
	for (size_t i = 0; i < words->count; i++)
		list_add(&argv, words->items[i]);
	image_environment(&environment);
	run.argv = argv.items;
	run.environment = environment.items;
	if (process_run(&run, &out, e) || unpack_answer_decode(out.data ? out.data : "", out.length, &answer, e))
		return error_in(e, "%s", words->items[0]);
	list_copy(ret_notes, &answer.warnings);
	list_release(&answer.warnings);
	return unpack_answer_judge(words->items[0], &answer, e);
}

/* Both in memory that no other process can open; nothing of it is on a command line or a disk. */
static int input_of(const char *user, const char *password, struct error *e)
{
	autoclose int fd = memfd_create("login", MFD_CLOEXEC);

	if (fd < 0 || write_all(fd, user, strlen(user)) || write_all(fd, "\n", 1) || write_all(fd, password, strlen(password)) ||
	    lseek(fd, 0, SEEK_SET) < 0)
		return error_sys(e, "hand the password on");
	return take_fd(&fd);
}

int login_request(const struct places *places, const char *host, const char *user, const char *password, struct list *ret_notes,
		  struct error *e)
{
	autorelease(list) struct list words = { 0 };
	autoclose int store = store_open(places->store, e);
	autoclose int input = store < 0 ? -1 : input_of(user, password, e);

	if (input < 0)
		return -1;
	list_add(&words, "login");
	list_addf(&words, "%d", store);
	list_add(&words, host);
	return request(&words, store, input, ret_notes, e);
}

int logout_request(const char *host, struct list *ret_notes, struct error *e)
{
	autorelease(list) struct list words = { 0 };

	list_add(&words, "logout");
	list_add(&words, host);
	return request(&words, -1, -1, ret_notes, e);
}
