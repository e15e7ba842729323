/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.c - the commands of box.
 */
#include "cli/commands.h"

const struct option_row no_options[] = { { 0 } };

#define EXAMPLES(...) ((const char *const[]){ __VA_ARGS__, NULL })

const struct command commands[] = {
	{ "run", "FILE.json [-- COMMAND…] | IMAGE [COMMAND…] | -b BUNDLE ID", "run the app that a file describes, an image, or a bundle",
	  run_options, command_run,
	  EXAMPLES("box run app.json", "box run -t app.json -- sh", "box run -t debian:12 bash",
		   "box run --override dev -e DEBUG=1 -v ./src:/src:ro app.json",
		   "box run -i app.json -- sort < words > sorted") },
	{ "exec", "NAME COMMAND…", "run one more program in a running container", exec_options, command_exec,
	  EXAMPLES("box exec -t web sh", "box exec -u root -w /var/log web ls -l", "box exec -i db psql < dump.sql") },
	{ "ps", "[NAME]", "list containers, or the processes of one", ps_options, command_ps,
	  EXAMPLES("box ps", "box ps web", "box ps --format json", "box ps -q | xargs -r box rm -f") },
	{ "stop", "NAME…", "end containers: stop_signal, then a kill after stop_grace_period", stop_options, command_stop,
	  EXAMPLES("box stop web", "box stop -t 30 db") },
	{ "kill", "NAME [SIGNAL]", "send a signal (default: SIGTERM)", kill_options, command_kill,
	  EXAMPLES("box kill web", "box kill web HUP", "box kill -s KILL --all web") },
	{ "pause", "NAME", "stop every process of a container", no_options, command_pause, EXAMPLES("box pause web") },
	{ "unpause", "NAME", "let them go on", no_options, command_unpause, EXAMPLES("box unpause web") },
	{ "rm", "NAME…", "remove containers that do not run", rm_options, command_rm, EXAMPLES("box rm web", "box rm -f web db") },
	{ "pull", "NAME…", "fetch images from their registries, or see whether their tags have moved", pull_options, command_pull,
	  EXAMPLES("box pull debian:12", "box pull --platform linux/arm64 registry.example.com:5000/acme/web:1.4") },
	{ "images", "", "list the images of the store, and what they share", images_options, command_images,
	  EXAMPLES("box images", "box images --format json") },
	{ "tag", "IMAGE NEW-NAME", "give an image of the store one more name", no_options, command_tag,
	  EXAMPLES("box tag debian:12 registry.example.com/base:1") },
	{ "rmi", "IMAGE…", "take names of images away; an image without a name is removed", no_options, command_rmi,
	  EXAMPLES("box rmi debian:12") },
	{ "inspect", "IMAGE…", "print manifest and configuration of images as JSON", no_options, command_inspect,
	  EXAMPLES("box inspect debian:12") },
	{ "history", "IMAGE", "print the steps that made an image", history_options, command_history, EXAMPLES("box history debian:12") },
	{ "login", "[HOST]", "try a password at a registry, and keep it", login_options, command_login,
	  EXAMPLES("box login registry.example.com", "box login -u robot --password-stdin registry.example.com:5000 < password") },
	{ "logout", "[HOST]", "forget the password for a registry", no_options, command_logout, EXAMPLES("box logout registry.example.com") },
	{ "config", "FILE.json", "print the spec with overrides, variables and defaults resolved", config_options, command_config,
	  EXAMPLES("box config app.json", "box config --override dev app.json") },
	{ "check", "FILE.json", "report every error of a spec", config_options, command_check, EXAMPLES("box check app.json") },
	{ "spec", "", "write an OCI config.json, or print the JSON Schema or the fields of app.json", spec_options, command_spec,
	  EXAMPLES("box spec", "box spec --schema > app.schema.json", "box spec --fields") },
	{ "create", "ID", "make a container from a bundle; its program waits for start (OCI)", create_options, command_create,
	  EXAMPLES("box create -b /srv/bundle web1", "box --log-format json --log log.json create --bundle . --pid-file pid web1") },
	{ "start", "ID", "let the program of a created container run (OCI)", no_options, command_start, EXAMPLES("box start web1") },
	{ "state", "ID", "print the state of a container as JSON (OCI)", no_options, command_state, EXAMPLES("box state web1") },
	{ "delete", "ID", "remove a container that has stopped (OCI)", delete_options, command_delete,
	  EXAMPLES("box delete web1", "box delete --force web1") },
	{ "list", "", "list containers as runc does (OCI)", list_options, command_list, EXAMPLES("box list", "box list -f json") },
	{ "resume", "ID", "the same as unpause (OCI)", no_options, command_unpause, EXAMPLES("box resume web1") },
	{ "update", "ID", "change the limits of a container (OCI)", update_options, command_update,
	  EXAMPLES("box update --memory 512m web1", "box update --resources - web1 < resources.json") },
	{ "events", "ID", "print the figures of a container as JSON (OCI)", events_options, command_events,
	  EXAMPLES("box events --stats web1") },
	{ "features", "", "print what this box can do, as JSON (OCI)", no_options, command_features, EXAMPLES("box features") },
	{ "doctor", "", "test what this host can do, and say how to mend what it cannot", no_options, command_doctor,
	  EXAMPLES("box doctor") },
	{ 0 },
};
