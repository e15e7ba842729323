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
#include "base/text.h"
#include "images/image_request.h"
#include "images/store.h"

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
	const struct image_request request = { .words = &words, .about = "login", .attempt = "login", .store = store, .input = input,
					       .is_online = true, .notes = ret_notes };

	if (input < 0)
		return -1;
	list_add(&words, "login");
	list_addf(&words, "%d", store);
	list_add(&words, host);
	return image_request(&request, NULL, e);
}

int logout_request(const char *host, struct list *ret_notes, struct error *e)
{
	autorelease(list) struct list words = { 0 };
	const struct image_request request = { .words = &words, .about = "logout", .attempt = "logout", .is_online = true,
					       .notes = ret_notes };

	list_add(&words, "logout");
	list_add(&words, host);
	return image_request(&request, NULL, e);
}
