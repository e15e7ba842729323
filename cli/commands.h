/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.h - the commands of box, as a table.
 */
#pragma once

#include <stddef.h>

#include "cgroups/cgroup.h"
#include "cli/options.h"

struct places;

struct audit;

/* Whether a verb leaves a record in the audit trail. Every row of the table answers. */
enum audit_answer {
	AUDIT_NOT_SAID,
	AUDITED,     /* it changes something, or enters a container */
	NOT_AUDITED, /* it tells what there is */
};

/* What a command gets: argv behind its name, and where things live. It prints its own errors and returns the exit code. */
struct call {
	char *const *argv;
	const struct command *command;
	struct places *places;
	enum cgroup_manager manager;
	struct audit *audit; /* what it tells of itself (audit.h); NULL: it is not audited */
};

struct command {
	const char *name;
	const char *operands; /* for help: "FILE.json [-- COMMAND…]" */
	const char *summary;  /* one line */
	const struct option_row *options; /* never NULL */
	int (*run)(const struct call *call);
	const char *const *examples; /* ended by NULL */
	enum audit_answer audit;
};

extern const struct command commands[]; /* ends with a row without a name */
extern const struct command hidden_commands[]; /* likewise: what box calls itself by */

extern const struct option_row logout_options[], import_options[];
extern const struct option_row global_options[], build_options[], run_options[], exec_options[], ps_options[], kill_options[],
	stop_options[], rm_options[], boot_options[], restart_options[], start_options[], attach_options[], debug_options[],
	logs_options[], explain_options[], create_options[], delete_options[], list_options[], update_options[], events_options[],
	config_options[], spec_options[], pull_options[], images_options[], rmi_options[], history_options[], inspect_options[],
	login_options[], push_options[], save_options[], diff_options[], sbom_options[], export_options[], load_options[],
	prune_options[], store_options[], lock_options[], audit_options[], stats_options[], top_options[], cp_options[],
	volume_options[], network_options[], system_options[], systemd_options[], completion_options[], up_options[], down_options[],
	plan_options[], pause_options[], reload_options[], rollback_options[], no_options[];

int command_create(const struct call *call);
int command_start(const struct call *call);
int command_attach(const struct call *call);
int command_rename(const struct call *call);
int command_restart(const struct call *call);
int command_debug(const struct call *call);
int command_reload(const struct call *call);
int command_renew(const struct call *call);
int command_boot(const struct call *call);
int command_wait(const struct call *call);
int command_logs(const struct call *call);
int command_state(const struct call *call);
int command_delete(const struct call *call);
int command_list(const struct call *call);
int command_update(const struct call *call);
int command_events(const struct call *call);
int command_features(const struct call *call);
int command_build(const struct call *call);
int command_run(const struct call *call);
int command_exec(const struct call *call);
int command_explain(const struct call *call);
int command_ps(const struct call *call);
int command_kill(const struct call *call);
int command_stop(const struct call *call);
int command_rm(const struct call *call);
int command_pause(const struct call *call);
int command_unpause(const struct call *call);
int command_config(const struct call *call);
int command_check(const struct call *call);
int command_lock(const struct call *call);
int command_spec(const struct call *call);
int command_doctor(const struct call *call);
int command_pull(const struct call *call);
int command_images(const struct call *call);
int command_tag(const struct call *call);
int command_rmi(const struct call *call);
int command_inspect(const struct call *call);
int command_history(const struct call *call);
int command_push(const struct call *call);
int command_login(const struct call *call);
int command_logout(const struct call *call);
int command_save(const struct call *call);
int command_diff(const struct call *call);
int command_sbom(const struct call *call);
int command_load(const struct call *call);
int command_export(const struct call *call);
int command_import(const struct call *call);
int command_prune(const struct call *call);
int command_store(const struct call *call);
int command_audit(const struct call *call);
int command_stats(const struct call *call);
int command_port(const struct call *call);
int command_top(const struct call *call);
int command_cp(const struct call *call);
int command_volume(const struct call *call);
int command_network(const struct call *call);
int command_system(const struct call *call);
int command_systemd(const struct call *call);
int command_app_serve(const struct call *call);
int command_completion(const struct call *call);
int command_up(const struct call *call);
int command_down(const struct call *call);
int command_plan(const struct call *call);
int command_rollback(const struct call *call);
