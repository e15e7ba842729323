/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_join.c - a container's way into its networks, as far as it needs none of the kernel's.
 */
#include "base/cleanup.h"
#include "runtime/network/join.h"
#include "specs/container.h"
#include "tests/unit/runtime/network/fake_network.h"

TestSuite(network_join, .timeout = 30);

#define LINK "\nlink m3 5 02:00:00:00:00:01 02:00:00:00:00:02 1500"

/* front has no way out and no IPv6; back has both. */
static void prepare(const char *question, unsigned count, struct text *ret, struct control_fds *fds)
{
	(void)count;
	if (!text_starts(question, "prepare ")) {
		text_add(ret, "ok");
		return;
	}
	fds->fds[fds->count++] = open("/dev/null", O_RDONLY | O_CLOEXEC); /* in place of a socket */
	text_add(ret, "ok" LINK "\naddress 10.1.0.5 -\nrouter 10.1.0.1 -\nsubnet 10.1.0.0/24 -\nservice 10.1.0.9 -\ninternal 1\n"
		      "neighbour db 10.1.0.7 -\nwarning it is slow");
}

static void prepare_back(const char *question, unsigned count, struct text *ret, struct control_fds *fds)
{
	(void)count;
	if (!text_starts(question, "prepare ")) {
		text_add(ret, "ok");
		return;
	}
	fds->fds[fds->count++] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	text_add(ret, "ok" LINK "\naddress 10.2.0.5 fd00::5\nrouter 10.2.0.1 fd00::1\nsubnet 10.2.0.0/24 fd00::/64\nservice 10.2.0.9 fd00::9\n"
		      "internal 0\nneighbour cache 10.2.0.7 fd00::7\nneighbour broken");
}

static struct network_membership memberships[2];

static struct container make_container(void)
{
	struct container made = { .name = (char *)"shop-web.2", .service = (char *)"shop-web", .hostname = (char *)"web", .is_standby = true,
				  .networks = memberships, .network_count = 2 };

	for (size_t i = 0; i < 2; i++)
		memberships[i] = (struct network_membership){ .name = (char *)(i ? "back" : "front"),
							      .field = (char *)(i ? "networks[1]" : "networks[0]") };
	list_add(&memberships[0].aliases, "www");
	list_add(&made.neighbours, "front db shop-db");
	list_add(&made.neighbours, "back cache shop-cache");
	list_add(&made.neighbours, "frontier x y");
	return made;
}

static void release(struct container *c)
{
	for (size_t i = 0; i < 2; i++)
		list_release(&memberships[i].aliases);
	list_release(&c->neighbours);
}

static int begin(const struct container *c, struct networks **ret, struct error *e)
{
	struct places places = fake_places();

	return networks_begin(&places, c, /* is_background= */ true, ret, e) || networks_prepared(*ret, e) ? -1 : 0;
}

static const char *content_of(const struct networks *networks, const char *target)
{
	size_t count;
	const struct file_entry *files = networks_files(networks, &count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(files[i].target, target) == 0)
			return files[i].data;
	return NULL;
}

Test(network_join, asks_each_for_what_is_its_own_and_writes_what_it_heard)
{
	SCRATCH();
	struct container c = make_container();
	autorelease(list) struct list addresses = { 0 };
	struct networks *networks = NULL;
	struct error e = { 0 };

	(void)fake_network("front", prepare);
	(void)fake_network("back", prepare_back);
	cr_assert_eq(begin(&c, &networks, &e), 0, "%s", e.text);
	fake_expect("front", "prepare shop-web.2 shop-web|durable|standby|alias www|neighbour db shop-db; ");
	fake_expect("back", "prepare shop-web.2 shop-web|durable|standby|neighbour cache shop-cache; ");
	cr_expect_str_eq(content_of(networks, "/etc/hosts"),
			 "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n10.1.0.5\tweb\n10.1.0.7\tdb\n10.2.0.7\tcache\n");
	cr_expect_str_eq(content_of(networks, "/etc/resolv.conf"), "nameserver 127.0.0.11\noptions ndots:0\n");
	networks_addresses(networks, &addresses);
	cr_assert_eq(addresses.count, 2);
	cr_expect_str_eq(addresses.items[0], "front 10.1.0.5 -");
	cr_expect_str_eq(addresses.items[1], "back 10.2.0.5 fd00::5");
	cr_assert_eq(networks_warnings(networks)->count, 1);
	cr_expect_str_eq(networks_warnings(networks)->items[0], "it is slow");
	cr_expect_eq(networks_say_live(networks, &e), 0, "%s", e.text);
	cr_expect_eq(networks_live(networks, &e), 0, "%s", e.text);
	cr_expect_eq(networks_keep(networks, &e), 0, "%s", e.text);
	fake_expect("front", "live shop-web.2; keep shop-web.2; ");
	fake_expect("back", "live shop-web.2; keep shop-web.2; ");
	networks_free(networks);
	release(&c);
}

Test(network_join, a_mount_of_the_container_s_own_is_left_alone)
{
	SCRATCH();
	struct mount_entry mount = { .target = (char *)"/etc/hosts" };
	struct container c = make_container();
	struct networks *networks = NULL;
	struct error e = { 0 };

	c.mounts = &mount;
	c.mount_count = 1;
	(void)fake_network("front", prepare);
	(void)fake_network("back", prepare_back);
	cr_assert_eq(begin(&c, &networks, &e), 0, "%s", e.text);
	cr_expect_null(content_of(networks, "/etc/hosts"));
	cr_expect_not_null(content_of(networks, "/etc/resolv.conf"));
	networks_free(networks);
	release(&c);
}

static void leave_out(const char *question, unsigned count, struct text *ret, struct control_fds *fds)
{
	(void)question;
	(void)count;
	fds->fds[fds->count++] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	text_add(ret, "ok" LINK "\naddress 10.2.0.5 fd00::5\nrouter 10.2.0.1 fd00::1\nservice 10.2.0.9 fd00::9\ninternal 0");
}

static void lend_nothing(const char *question, unsigned count, struct text *ret, struct control_fds *fds)
{
	prepare_back(question, count, ret, fds);
	control_fds_close(fds);
}

static void lend_too_much(const char *question, unsigned count, struct text *ret, struct control_fds *fds)
{
	prepare_back(question, count, ret, fds);
	prepare_back(question, count, ret, fds);
}

static void twist_link(const char *question, unsigned count, struct text *ret, struct control_fds *fds)
{
	prepare_back(question, count, ret, fds);
	text_clear(ret);
	text_add(ret, "ok\nlink m3 five 02:00:00:00:00:01 02:00:00:00:00:02 1500\naddress 10.2.0.5 -\nrouter 10.2.0.1 -\nsubnet 10.2.0.0/24 -\n"
		      "service 10.2.0.9 -");
}

Test(network_join, an_answer_that_is_not_whole_is_an_error_of_that_network)
{
	SCRATCH();
	static fake_answer *const wrong[] = { leave_out, lend_nothing, lend_too_much, twist_link };

	(void)fake_network("front", prepare);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct container c = make_container();
		struct networks *networks = NULL;
		struct error e = { 0 };
		pid_t pid = fake_network("back", wrong[i]);

		cr_expect_eq(begin(&c, &networks, &e), -1, "%zu", i);
		cr_expect_not_null(strstr(e.text, "join the network back: its answer is not understood"), "%zu: %s", i, e.text);
		cr_expect_str_eq(e.field, "networks[1]");
		networks_free(networks);
		release(&c);
		cr_assert_eq(kill(pid, SIGKILL), 0);
		cr_assert_eq(waitpid(pid, NULL, 0), pid);
	}
}

Test(network_join, who_refuses_is_named_with_its_field)
{
	SCRATCH();
	struct container c = make_container();
	struct networks *networks = NULL;
	struct error e = { 0 };

	(void)fake_network("front", fake_refuse);
	(void)fake_network("back", prepare_back);
	cr_expect_eq(begin(&c, &networks, &e), -1);
	cr_expect_str_eq(e.text, "join the network front: the rules are not written");
	cr_expect_str_eq(e.field, "networks[0]");
	networks_free(networks);
	release(&c);
}

Test(network_join, nothing_to_join)
{
	struct networks *networks = NULL;
	size_t count = 7;

	networks_free(NULL);
	cr_expect_null(networks_files(NULL, &count));
	cr_expect_eq(count, 0);
	networks_addresses(networks, NULL);
}
