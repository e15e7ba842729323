/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_unit.c - an app in the background as a service of systemd.
 */
#include "runtime/apps/systemd_unit.h"

#include <stdint.h>
#include <string.h>

#include "base/number.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/supervise/app_settings.h"
#include "runtime/supervise/health_plan.h"
#include "runtime/supervise/policy.h"

enum {
	START_S = 90,       /* systemd's own default: an app's program runs long before */
	START_MARGIN_S = 60,
	STOP_MARGIN_S = 15, /* the supervisor kills after the grace period, clears away and notes the end */
	PAUSE_S = 1,        /* systemd 252 has no back-off */
	LONGEST_S = 10 * 365 * 24 * 3600,
};

#define ON_FAILURE_COUNTED "on-failure:"

char *systemd_unit_name(const char *app)
{
	return text_format("box-app-%s.service", app);
}

void systemd_unit_add_word(struct text *ret, const char *word)
{
	text_add_char(ret, '"');
	for (; *word; word++) {
		unsigned char c = (unsigned char)*word;

		if (c < ' ' || c == '"' || c == '\\' || c == '\'' || c == 127)
			text_addf(ret, "\\x%02x", c);
		else if (c == '%')
			text_add(ret, "%%");
		else
			text_add_char(ret, *word);
	}
	text_add_char(ret, '"');
}

static int64_t seconds_of(int64_t us)
{
	int64_t seconds = us / 1000000 + (us % 1000000 != 0);

	return seconds < LONGEST_S ? seconds : LONGEST_S;
}

/* Until it is healthy, where it has a check: the start period, and then as many checks as may fail. */
static int64_t start_limit(const struct health_plan *health)
{
	int64_t each = seconds_of(health->interval_ms * 1000) + seconds_of(health->timeout_ms * 1000);

	if (!health->probe)
		return START_S;
	return seconds_of(health->start_period_ms * 1000) + (health->retries + 1) * each + START_MARGIN_S;
}

/* on-failure:n: as many starts in a time in which they can only be if no run was a long one; a long run forgets those
 * before it (policy.h). */
static void add_start_limit(const char *policy, struct text *ret)
{
	int64_t most = 0;

	if (!text_starts(policy, ON_FAILURE_COUNTED) || number_parse(policy + strlen(ON_FAILURE_COUNTED), 1, INT32_MAX, &most)) {
		text_add(ret, "StartLimitIntervalSec=0\n");
		return;
	}
	text_addf(ret, "StartLimitIntervalSec=%jd\nStartLimitBurst=%jd\n", (intmax_t)((most + 1) * (PAUSE_S + BACK_OFF_RESET_MS / 1000)),
		  (intmax_t)(most + 1));
}

static const char *restart_word(const char *policy)
{
	if (strcmp(policy, "always") == 0 || strcmp(policy, "unless-stopped") == 0)
		return "always";
	return text_starts(policy, "on-failure") ? "on-failure" : "no";
}

/* What every command line begins with. */
struct caller {
	const char *box, *state, *store;
};

static void add_command(struct caller caller, const char *name, const char *setting, const char *verb, struct text *ret)
{
	text_addf(ret, "%s=:", setting);
	systemd_unit_add_word(ret, caller.box);
	text_add(ret, " --root ");
	systemd_unit_add_word(ret, caller.state);
	text_add(ret, " --store ");
	systemd_unit_add_word(ret, caller.store);
	text_addf(ret, " %s ", verb);
	systemd_unit_add_word(ret, name);
	text_add_char(ret, '\n');
}

static void add_head(struct caller caller, const char *name, const char *description, bool is_user, struct text *ret)
{
	text_addf(ret, "# Written by box systemd install; box systemd remove %s takes it away.\n[Unit]\n", name);
	text_addf(ret, "Description=%s, %s\n", name, description);
	text_add(ret, "Documentation=man:box-systemd(1)\n");
	if (is_user)
		return;
	text_add(ret, "Wants=network-online.target\nAfter=network-online.target local-fs.target\nRequiresMountsFor=");
	systemd_unit_add_word(ret, caller.store);
	text_add_char(ret, '\n');
}

static void add_install(bool is_user, struct text *ret)
{
	text_addf(ret, "\n[Install]\nWantedBy=%s\n", is_user ? "default.target" : "multi-user.target");
}

void systemd_unit_text(const struct app_settings *app, const struct health_plan *health, int64_t reload_us, bool is_user, struct text *ret)
{
	int64_t start_s = start_limit(health), reload_s = reload_us ? seconds_of(reload_us) + STOP_MARGIN_S : 0;
	const struct caller caller = { app->box, app->state, app->store };

	add_head(caller, app->name, "an app of box", is_user, ret);
	add_start_limit(app->restart, ret);
	/* Delegate, OOMPolicy, TasksMax: limits, and what happens at them, are box's. mixed: the app gets its stop_signal, not SIGTERM. */
	text_add(ret, "\n[Service]\nType=notify\nNotifyAccess=main\nDelegate=yes\nOOMPolicy=continue\nTasksMax=infinity\n");
	text_add(ret, "KillMode=mixed\n");
	add_command(caller, app->name, "ExecStart", "app-serve", ret);
	if (reload_us)
		add_command(caller, app->name, "ExecReload", "reload", ret);
	/* systemd's time for a start is its time for a reload. */
	text_addf(ret, "Restart=%s\nRestartSec=%d\nRestartPreventExitStatus=SIGUSR1\n", restart_word(app->restart), PAUSE_S);
	text_addf(ret, "TimeoutStartSec=%jd\nTimeoutStopSec=%jd\n", (intmax_t)(start_s > reload_s ? start_s : reload_s),
		  (intmax_t)(seconds_of(app->stop_grace_us) + STOP_MARGIN_S));
	add_install(is_user, ret);
}

char *systemd_up_unit_name(const char *name)
{
	return text_format("box-up-%s.service", name);
}

void systemd_up_unit_text(const struct places *places, const char *box, const char *name, struct text *ret)
{
	const struct caller caller = { box, places->state, places->store };

	add_head(caller, name, "kept by box, replaced by box up", places->rootless, ret);
	text_add(ret, "StartLimitIntervalSec=0\n");
	/* mixed: what it has begun in the unit's group is its own to end. on-abnormal: killed, it begins again, and finds everything running. */
	text_add(ret, "\n[Service]\nType=notify\nNotifyAccess=main\nKillMode=mixed\nOOMPolicy=continue\n");
	add_command(caller, name, "ExecStart", "up-serve", ret);
	/* It asks for more time as long as it stops something. */
	text_addf(ret, "Restart=on-abnormal\nRestartSec=200ms\nTimeoutStartSec=infinity\nTimeoutStopSec=%d\n", START_S);
	add_install(places->rootless, ret);
}
