/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/text.h"
#include "cli/up/plan.h"
#include "runtime/apps/instances.h"

/* One service "web" as it should be, and what there is of it. */
struct scene {
	struct plan_service wanted;
	struct instance items[8];
	struct instance_condition conditions[8];
	size_t count;
};

static struct scene scene(int64_t replicas)
{
	return (struct scene){ .wanted = { .full = "web", .digest = "new", .replicas = replicas, .restart = "always", .is_wanted = true } };
}

/* Names are for messages alone; by generation and replica. */
static void put(struct scene *s, const char *name, int64_t generation, int64_t replica, const char *digest, enum instance_role role)
{
	s->items[s->count] = (struct instance){ .name = (char *)name, .service = (char *)"web", .generation = generation, .replica = replica,
						.digest = (char *)digest, .role = role };
	s->conditions[s->count++] = (struct instance_condition){ .is_supervised = true, .is_running = true };
}

static void put_ended(struct scene *s, const char *name, int64_t code)
{
	put(s, name, 1, 1, "new", INSTANCE_LIVE);
	s->conditions[s->count - 1] = (struct instance_condition){ .has_run = true, .code = code };
}

/* "replace web.2 start-first; keep web", in the order of the plan. */
static void expect(const struct scene *s, bool remove_orphans, const char *expected)
{
	const struct instances found = { (struct instance *)s->items, s->count };
	struct plan plan;
	struct text words = { 0 };

	up_plan_make(&s->wanted, 1, &found, s->conditions, remove_orphans, &plan);
	for (size_t i = 0; i < plan.count; i++) {
		const struct plan_action *action = &plan.actions[i];

		text_addf(&words, "%s%s %s", i ? "; " : "", up_plan_word(action->kind), action->instance);
		if (action->kind == PLAN_REPLACE)
			text_add(&words, action->order == UPDATE_START_FIRST ? " start-first" : " stop-first");
	}
	cr_expect_str_eq(words.data ? words.data : "", expected);
	text_release(&words);
	up_plan_release(&plan);
}

Test(plan, what_is_not_there_is_created)
{
	struct scene s = scene(2);

	expect(&s, false, "create web");
}

Test(plan, what_is_as_it_should_be_is_kept)
{
	struct scene s = scene(1);

	put(&s, "web", 1, 1, "new", INSTANCE_LIVE);
	expect(&s, false, "keep web");
}

Test(plan, what_has_lost_its_network_is_started_again)
{
	struct scene s = scene(2);

	put(&s, "web", 1, 1, "new", INSTANCE_LIVE);
	put(&s, "web-2", 1, 2, "new", INSTANCE_LIVE);
	s.conditions[1].lost_network = "front";
	expect(&s, false, "keep web; restart web-2");
	s.conditions[1].is_running = false; /* it is about to be started */
	expect(&s, false, "keep web; keep web-2");
}

Test(plan, a_change_replaces_start_first_where_two_can_run)
{
	struct scene s = scene(1);

	put(&s, "web", 1, 1, "old", INSTANCE_LIVE);
	expect(&s, false, "replace web.2 start-first");
	s.wanted.obstacle = "both would write the volume data";
	expect(&s, false, "replace web.2 stop-first");
	s.wanted.obstacle = NULL;
	s.wanted.order = UPDATE_STOP_FIRST;
	expect(&s, false, "replace web.2 stop-first");
}

Test(plan, the_number_of_a_generation_is_never_used_twice)
{
	struct scene s = scene(1);

	put(&s, "web.4", 4, 1, "other", INSTANCE_RETIRED);
	put(&s, "web.3", 3, 1, "old", INSTANCE_LIVE);
	expect(&s, false, "replace web.5 start-first");
}

Test(plan, jobs_run_again_unless_they_have_ended_well)
{
	struct scene s = scene(1), failed = scene(1), service = scene(1);

	s.wanted.restart = failed.wanted.restart = "no";
	put_ended(&s, "web", 0);
	put_ended(&failed, "web", 3);
	put_ended(&service, "web", 0);
	expect(&s, false, "done web");
	expect(&failed, false, "start web");
	expect(&service, false, "start web");
	s.conditions[0].was_stopped = true;
	expect(&s, false, "start web");
	s.conditions[0].was_stopped = false;
	s.wanted.digest = "newer";
	expect(&s, false, "replace web.2 start-first");
}

Test(plan, what_waits_after_a_failure_is_started)
{
	struct scene s = scene(1);

	put(&s, "web", 1, 1, "new", INSTANCE_LIVE);
	s.conditions[0].is_supervised = s.conditions[0].is_waiting = s.conditions[0].has_run = true;
	s.conditions[0].code = 3;
	expect(&s, false, "start web");
	s.conditions[0].is_waiting = false;
	expect(&s, false, "keep web");
}

Test(plan, replicas_come_and_go)
{
	struct scene s = scene(3);

	put(&s, "web", 1, 1, "new", INSTANCE_LIVE);
	expect(&s, false, "keep web; add web-2; add web-3");
	put(&s, "web-2", 1, 2, "new", INSTANCE_LIVE);
	s.wanted.replicas = 1;
	expect(&s, false, "keep web; remove web-2");
}

Test(plan, an_interrupted_replace_goes_on)
{
	struct scene waiting = scene(1), half = scene(2), switched = scene(1), reverted = scene(1);

	put(&waiting, "web", 1, 1, "old", INSTANCE_LIVE);
	put(&waiting, "web.2", 2, 1, "new", INSTANCE_STANDBY);
	expect(&waiting, false, "replace web.2 start-first");
	waiting.wanted.digest = "newest"; /* the file was changed once more */
	expect(&waiting, false, "remove web.2; replace web.3 start-first");

	put(&half, "web", 1, 1, "old", INSTANCE_REPLACED);
	put(&half, "web.2", 2, 1, "new", INSTANCE_LIVE);
	put(&half, "web-2.2", 2, 2, "new", INSTANCE_STANDBY);
	expect(&half, false, "promote web-2.2; retire web; keep web.2");

	put(&switched, "web", 1, 1, "old", INSTANCE_REPLACED);
	put(&switched, "web.2", 2, 1, "new", INSTANCE_LIVE);
	expect(&switched, false, "retire web; keep web.2");

	switched.count = 0;
	put(&switched, "web", 1, 1, "older", INSTANCE_RETIRED);
	put(&switched, "web.2", 2, 1, "old", INSTANCE_REPLACED);
	put(&switched, "web.3", 3, 1, "new", INSTANCE_LIVE);
	expect(&switched, false, "retire web.2; remove web; keep web.3");

	put(&reverted, "web", 1, 1, "new", INSTANCE_LIVE);
	put(&reverted, "web.2", 2, 1, "other", INSTANCE_STANDBY);
	expect(&reverted, false, "remove web.2; keep web");
}

Test(plan, a_first_one_that_nobody_waited_for_goes_on)
{
	struct scene s = scene(1);

	put(&s, "web", 1, 1, "new", INSTANCE_STANDBY);
	expect(&s, false, "replace web start-first");
}

Test(plan, orphans_stay_unless_asked_for)
{
	struct scene s = scene(1);

	put(&s, "web", 1, 1, "new", INSTANCE_LIVE);
	put(&s, "old", 1, 1, "any", INSTANCE_LIVE);
	s.items[1].service = (char *)"old";
	expect(&s, false, "keep web; orphan old");
	expect(&s, true, "keep web; remove old");
}

Test(plan, what_cannot_be_known_yet_is_replaced)
{
	struct scene s = scene(1);

	put(&s, "web", 1, 1, "new", INSTANCE_LIVE);
	s.wanted.digest = NULL;
	expect(&s, false, "replace web.2 start-first");
}
