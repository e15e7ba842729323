/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor_network.c - what private networks need.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/places.h"
#include "base/process.h"
#include "base/text.h"
#include "cli/doctor.h"
#include "runtime/network/words.h"

enum { TRIAL_MS = 10000 };

/* box-net itself tries; it says nothing where all is well, and "! …" where there can be no network at all. */
void doctor_networks(const struct places *places, struct finding *ret)
{
	struct error e = { 0 };
	autofree char *program = places_helper("box-net", &e);
	char *const argv[] = { (char *)NETWORK_TITLE, (char *)NETWORK_TRIAL, NULL };
	const struct process_run run = { .path = program, .argv = argv, .input = -1, .timeout_ms = TRIAL_MS };
	autorelease(text) struct text said = { 0 };

	(void)places;
	if (!program || process_run(&run, &said, &e)) {
		ret->level = FINDING_LESS;
		text_add(&ret->detail, e.text);
		return;
	}
	if (!said.length) {
		text_add(&ret->detail, "links, rules and forwarding work");
		return;
	}
	ret->level = FINDING_LESS;
	text_add(&ret->detail, text_starts(said.data, "! ") ? said.data + 2 : said.data);
}

/* An ordinary user's way out. */
void doctor_way_out(const struct places *places, struct finding *ret)
{
	autofree char *pasta = process_find("pasta");
	autoclose int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (!places->rootless) {
		text_add(&ret->detail, "root's networks go out through the kernel");
		return;
	}
	if (pasta && tun >= 0) {
		text_add(&ret->detail, "pasta found, /dev/net/tun opens");
		return;
	}
	ret->level = FINDING_LESS;
	text_addf(&ret->detail, "%s%s%s", pasta ? "" : "pasta is missing: apt-get install passt", pasta || tun >= 0 ? "" : "; ",
		  tun >= 0 ? "" : "/dev/net/tun cannot be opened: as root, modprobe tun; chmod 666 /dev/net/tun");
}
