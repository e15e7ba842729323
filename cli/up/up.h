/* SPDX-License-Identifier: Apache-2.0 */
/*
 * up.h - from a file to its services as they run. Private to cli/up/.
 *
 *     wanted.c     the file -> what should be: every image found, every spec frozen, a digest each
 *     names.c      whether what is there under those names is the file's
 *     origin.c     whether another file of that name has brought it up
 *     externals.c  whether networks and volumes are as the file has them
 *     plan.c       what should be and what is there -> what has to be done
 *     lost.c       which instances run without their network, so that it restarts them
 *     kept_units.c whether that changes what a unit of its own keeps
 *     perform.c    a process for each service with something to do, as soon as those that it depends on are ready
 *     conditions.c what it waits for before
 *     service.c    what that process does: one action after the other
 *     replace.c    one generation takes the place of another
 *     traffic.c    where connections to a service lead meanwhile
 *     instance.c   an instance is made, and retired
 *     ready.c      instances begin; whether one is ready, or has failed
 *     waiting.c    what it waits for, said when that takes long
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"
#include "base/text.h"
#include "cli/prepare.h"
#include "cli/up/plan.h"
#include "runtime/apps/instances.h"
#include "specs/stack.h"

struct call;
struct error;
struct frozen;

struct up_options {
	bool remove_orphans, no_wait, quiet, locked;
	bool takes_over; /* what another file of the same name has brought up */
	bool plan_only; /* nothing is pulled, built or changed */
	bool needed_only; /* what the selected services depend on, in the place of these */
	bool tells_aside; /* on stderr: stdout is a program's */
	bool tells_names; /* of what was started, and no word of what was done */
	bool tells_end;   /* what has stopped and was removed */
	const char *override, *platform, *pull, *timeout, *format;
	bool has_exit_code; /* box plan: 2 where there are changes */
	struct list profiles;
};

/* A service as it should be, and what its instances are made of. */
struct up_service {
	struct plan_service wanted;
	const struct stack_service *written; /* NULL: rollback */
	struct text depends, external; /* as settings have them */
	char *named; /* likewise */
	const char *stack;      /* its name, or NULL; borrowed */
	struct run_options choices;
	struct run run;
	struct app_update update;
	bool is_checked; /* it has a health check */
	char digest[SHA256_TEXT];
	struct text changes, obstacle;
};

struct up {
	const struct call *call;
	const struct up_options *options;
	const char *name; /* of the stack, or of the app alone; borrowed */
	struct stack *stack; /* NULL: rollback */
	struct stack_service *started; /* box start: what the services were */
	struct frozen *frozen; /* rollback: what the services are made of */
	struct up_service *services; /* in the order of levels */
	size_t count;
	struct instances found;
	struct instance_condition *conditions; /* one each */
	struct plan plan;
	int lock;
};

void up_release(struct up *up);

/* wanted.c: one at a time brings a stack up: waits for another one. name: of the stack, or of the app. */
int up_lock(struct up *up, const char *name, struct error *e);
/* Whether another one does it just now. */
bool up_is_locked(const struct call *call, const char *name);
/* Reads the file, and finds out what should be. selected: services, by their names in the file; none: all. */
int up_read(struct up *up, const char *file, const struct list *selected, struct error *e);
/* What is there; then the plan. */
int up_look(struct up *up, struct error *e);
void up_plan(struct up *up);
/* lost.c, of up_plan: notes in up->conditions which network an instance has lost, where its spec is what is written. */
void up_find_lost(struct up *up);
/* names.c, behind up_look: an error where what was found is not the file's; and where somebody else has the name of one of its services. */
int up_check_found(const struct up *up, const struct stack *stack, struct error *e);
int up_check_names(const struct up *up, const struct stack *stack, struct error *e);
/* origin.c, behind up_look: an error where another file, in another folder and still there, has brought up what is there. verb: "up". */
int up_check_origin(const struct up *up, const struct stack *stack, const char *verb, struct error *e);
/* From now on it is this one that has. */
int up_take_over(const struct up *up, struct error *e);
/* The absolute path of a file, links not resolved; the caller frees it. */
char *up_named(const char *file);
/* kept_units.c, behind up_plan: an error where it changes what a unit of its own keeps, which systemd alone may start and stop. */
int up_check_units(const struct up *up, struct error *e);
/* externals.c: an error where an external network or volume of the file is not there, or one of its networks is another than it says. */
int up_check_externals(const struct up *up, struct error *e);
/* What is the same for a service of a file and one of a rollback: its digest, why it cannot run twice, and what has changed. */
int up_complete(struct up *up, struct up_service *service, struct error *e);

/* run_stack.c */
struct stack_run;
struct up_options stack_up_options(const struct stack_run *wish);

/* perform.c: carries the plan out. The exit code; what went wrong is said. */
int up_perform(struct up *up);
/* Names what it is about to change in the audit trail: up_perform does it, for its own process. */
void up_audit(const struct up *up);

/* conditions.c: waits until what one of its dependencies asks for is so, or all of them. who: for messages. Those that the file does not
 * require may fail. */
int up_wait_condition(const struct up *up, const char *who, const struct stack_dependency *dependency, struct error *e);
int up_wait_needed(const struct up *up, const struct stack_service *service, struct error *e);
/* The index of a service, by its name in the file; up->count: none. */
size_t up_find_service(const struct up *up, const char *name);
/* The one that an instance, or a step of the plan, is of: by its whole name. NULL: none of these. */
struct up_service *up_service_of(const struct up *up, const char *full);

/* service.c: one service. *ret_replaced: another one has the place of what ran. */
int up_act(struct up *up, struct up_service *service, bool *ret_replaced, struct error *e);

/* instance.c. Makes the instance where it is not there yet. */
int up_make(struct up *up, struct up_service *service, int64_t replica, int64_t generation, bool is_standby, struct error *e);
/* Ends an instance and takes its place among the generations away. */
int up_retire(struct up *up, const char *name, struct error *e);
/* Adds the names of its live instances. */
int up_live(const struct up *up, const struct up_service *service, struct list *ret, struct error *e);
/* Says it, on stdout: "replaced web by web.2". */
void up_tell(const struct up *up, const char *format, ...) __attribute__((format(printf, 2, 3)));
void up_tell_started(const struct up *up, const char *name);

/* replace.c */
int up_replace(struct up *up, struct up_service *service, const struct plan_action *action, struct error *e);

/* down.c: stops everything of the name, the highest level first; then removes it. What went wrong is said. */
int up_stop(const struct up *up);
int up_end(const struct up *up, struct error *e);

/* ready.c */
struct up_patience {
	int64_t timeout_us; /* for a health check, and for the end of a run */
	int64_t monitor_us; /* without one: it has to run so long; 0: it is enough that it runs */
};
int up_wait_ready(const struct up *up, const char *name, bool is_checked, struct up_patience patience, struct error *e);
/* Begins them at the same time, and waits until all are ready. *ret_failed: the first one that is not, borrowed of names. */
int up_begin_all(const struct up *up, const struct list *names, const char **ret_failed, struct error *e);
int up_wait_all(const struct up *up, const struct list *names, bool is_checked, struct up_patience patience, const char **ret_failed,
		struct error *e);
/* who waits for the end of it; for messages. */
int up_wait_done(const struct up *up, const char *who, const char *name, struct error *e);
/* Says on stderr how the last run of an instance ended, and what it wrote last. True: it never began, and the error of that was told. */
bool up_explain(const struct up *up, const char *name);

/* waiting.c. Says it, on stderr, if it has been waited for since begin_ms (of clock_boot_ms) for some seconds: once in a process. */
void up_tell_waiting(const struct up *up, int64_t begin_ms, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* points.c. Test builds: BOX_UP_DIE names a point; there box up dies with all its processes, as kill -9 has it. */
void up_point(const char *name);
/* Likewise: the step that BOX_UP_FAIL names fails. */
int up_step(const char *name, struct error *e);

/* unit.c: what was brought up is what its unit stands for, where it has one: begins a unit that does not run. The exit code; status: that
 * of box up. */
int up_tell_unit(const struct call *call, const char *name, int status);
