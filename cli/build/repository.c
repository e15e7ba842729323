/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repository.c - what ADD takes from git repositories.
 */
#include "cli/build/repository.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/isolation.h"
#include "base/places.h"
#include "base/process.h"
#include "base/text.h"
#include "cli/build/mounts.h"
#include "cli/build/work.h"
#include "cli/commands.h"
#include "images/build/build_cache.h"
#include "images/commit_request.h"
#include "runtime/new_layer.h"
#include "specs/build_container.h"
#include "specs/build_git.h"
#include "specs/container.h"

enum { REFS_LIMIT = 1 << 20, EPOCH = 315532800, COMMIT = 40 };

/* Of the host, read-only: programs and what they trust. Links of a merged /usr are the folders that they lead to. */
static const char *const places[] = { "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ssl", "/etc/pki", "/etc/ca-certificates",
				      "/etc/crypto-policies", "/etc/alternatives", "/etc/ld.so.cache" };

enum { PLACES = sizeof places / sizeof *places, KNOWN_HOSTS_LIMIT = 1 << 20 };

/* Where the container has what ssh needs. */
#define AGENT       "/agent"
#define KNOWN_HOSTS "/etc/known_hosts"
#define SSH \
	"ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=" KNOWN_HOSTS \
	" -o GlobalKnownHostsFile=/dev/null -o ForwardAgent=no -o ConnectTimeout=15"

/* What every call of git is told; a file of 10 GiB is the largest that it may write. */
#define BEGIN \
	"set -eu; umask 022; ulimit -f 20971520; " \
	"g() { git -c protocol.version=2 -c http.followRedirects=false -c http.lowSpeedLimit=1 -c http.lowSpeedTime=30 " \
	"-c core.hooksPath=/dev/null -c core.fsmonitor=false -c submodule.recurse=false -c gc.auto=0 -c advice.detachedHead=false \"$@\"; }; "

/* $1: the address, $2: the name. */
static const char resolve_script[] = BEGIN "g ls-remote -- \"$1\" \"$2\" \"$2^{}\"";

/* $1: the address, $2: the commit, $3: "keep". A server may give a commit only by the names that lead to it. */
static const char checkout_script[] = BEGIN
	"mkdir /src; cd /src; git init -q --template=; git remote add origin \"$1\"; "
	"g fetch -q --depth=1 --no-tags origin \"$2\" 2>/dev/null || "
	"g fetch -q origin '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*'; "
	"g checkout -q --detach \"$2\"; "
	"if [ \"$3\" = keep ]; then rm -rf .git/FETCH_HEAD .git/ORIG_HEAD .git/logs .git/index; git read-tree HEAD; else rm -rf .git; fi";

struct git {
	struct build_work *work;
	const struct build_git *address;
	const char *words;
	struct build_step step;
	struct build_mount mounts[PLACES + 1]; /* the last one: the agent */
	struct build_mount_source sources[PLACES + 1];
	char *paths[PLACES + 1]; /* of sources */
	struct build_mounts agent;
	struct commit_layer layer;
};

static void git_release(struct git *git)
{
	for (size_t i = 0; i < git->step.mount_count; i++) {
		if (git->mounts[i].kind == BUILD_MOUNT_BIND)
			close(git->sources[i].descriptor);
		free(git->paths[i]);
	}
	build_mounts_close(git->work, &git->agent);
	list_release(&git->step.argv);
	list_release(&git->step.environment);
	commit_layer_release(&git->layer);
}

/* Where the host has it. */
static void add_place(struct git *git, const char *path)
{
	size_t n = git->step.mount_count;
	char *real = realpath(path, NULL);
	int fd = real ? open(real, O_PATH | O_NOFOLLOW | O_CLOEXEC) : -1;

	if (fd < 0) {
		free(real);
		return;
	}
	git->mounts[n] = (struct build_mount){ .kind = BUILD_MOUNT_BIND, .target = (char *)(uintptr_t)path, .read_only = true };
	git->sources[n] = (struct build_mount_source){ .is_there = true, .descriptor = fd, .path = real };
	git->paths[n] = real;
	git->step.mount_count++;
}

/* Nothing of the caller's but proxies. GIT_ALLOW_PROTOCOL: a server that leads elsewhere leads to nothing else. */
static void set_environment(struct git *git)
{
	static const char *const fixed[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/nonexistent", "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1",
					     "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=/bin/false",
					     "GIT_LFS_SKIP_SMUDGE=1", "GIT_ATTR_NOSYSTEM=1", "GIT_PROTOCOL_FROM_USER=0" };
	static const char *const proxies[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY" };
	struct list *environment = &git->step.environment;

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		list_add(environment, fixed[i]);
	list_addf(environment, "GIT_ALLOW_PROTOCOL=%s", text_starts(git->address->url, "https:") ? "https"
							 : git->address->is_ssh                 ? "ssh"
												: "http:https");
	for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
		if (getenv(proxies[i]))
			list_env_set(environment, proxies[i], getenv(proxies[i]));
}

/* The caller's agent, as --ssh has given it. */
static int add_agent(struct git *git, struct error *e)
{
	size_t n = git->step.mount_count;
	const struct build_step step = { .mounts = &git->mounts[n], .mount_count = 1 };

	git->mounts[n] = (struct build_mount){ .kind = BUILD_MOUNT_SSH, .target = (char *)(uintptr_t)AGENT, .id = (char *)(uintptr_t)"default",
					       .is_required = true, .mode = 0600 };
	if (build_mounts_open(git->work, &step, &git->agent, e))
		return -1;
	git->sources[n] = git->agent.sources[0];
	git->step.mount_count++;
	list_add(&git->step.environment, "GIT_SSH_COMMAND=" SSH);
	return 0;
}

static void add_file(struct container *c, const char *target, const char *data, size_t length)
{
	struct file_entry *file = alloc_append(&c->files, &c->file_count, sizeof *file);

	*file = (struct file_entry){ .target = alloc_copy(target), .data = alloc_copy_bytes(data, length), .length = length, .mode = 0644 };
}

/* Which hosts the caller knows; ssh also wants to know who it is. */
static int add_ssh_files(struct container *c, struct error *e)
{
	static const char user[] = "root:x:0:0:root:/nonexistent:/bin/sh\n";
	autofree char *own = text_format("%s/.ssh/known_hosts", getenv("HOME") ? getenv("HOME") : "");
	const char *const paths[] = { own, "/etc/ssh/ssh_known_hosts" };
	autorelease(text) struct text known = { 0 };

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct error failed = { 0 };

		if (file_read(AT_FDCWD, paths[i], KNOWN_HOSTS_LIMIT, &known, &failed) && failed.sys != ENOENT && failed.sys != ENOTDIR) {
			*e = failed;
			return -1;
		}
		text_add_char(&known, '\n');
	}
	add_file(c, KNOWN_HOSTS, known.data, known.length);
	add_file(c, "/etc/passwd", user, sizeof user - 1);
	return 0;
}

static int begin(struct git *git, const char *script, const char *second, const char *third, struct error *e)
{
	autofree char *program = process_find("git");

	if (!program) {
		error_set(e, ERROR_MISSING, "it needs the program git, which is in no folder of PATH");
		return error_hint(e, "apt-get install git");
	}
	/* It runs on folders of the host, which only mounts show to nobody else. */
	if (isolation_is_chroot()) {
		error_set(e, ERROR_UNSUPPORTED, "git runs in namespaces of its own, and there are none here");
		return error_hint(e, "git clone before the build, and COPY, or --build-context NAME=FOLDER");
	}
	git->step.argv = (struct list){ 0 };
	list_add(&git->step.argv, "/bin/sh");
	list_add(&git->step.argv, "-c");
	list_add(&git->step.argv, script);
	list_add(&git->step.argv, "git");
	list_add(&git->step.argv, git->address->url);
	list_add(&git->step.argv, second);
	list_add(&git->step.argv, third);
	git->step.kind = BUILD_RUN;
	git->step.working_dir = (char *)(uintptr_t)"/";
	git->step.mounts = git->mounts;
	set_environment(git);
	for (size_t i = 0; i < PLACES; i++)
		add_place(git, places[i]);
	return git->address->is_ssh ? add_agent(git, e) : 0;
}

static int run(struct git *git, new_layer_taker *take, struct error *e)
{
	static const struct list no_fields;
	autofree char *name = build_container_name(git->work);
	autorelease(list) struct list epilogue = { 0 };
	const struct build_container_wish wish = { .step = &git->step, .name = name, .image = git->work->file_name, .epoch = EPOCH,
						   .has_network = true, .is_limited = !git->work->call->places->rootless,
						   .sources = git->sources, .fields = &no_fields,
						   .hosts = &git->work->options->hosts };
	struct container c = { 0 };
	int result = build_container(&wish, &c, e), status = 0;

	c.capabilities = (struct capability_sets){ 0 };
	c.no_new_privileges = true;
	/* The host's own files are everybody's to read; whose they are does not matter. */
	for (size_t i = 0; i < c.mount_count; i++)
		if (c.mounts[i].has_descriptor && strcmp(c.mounts[i].target, AGENT) != 0)
			c.mounts[i].idmap = IDMAP_NONE;
	if (result == 0 && git->address->is_ssh)
		result = add_ssh_files(&c, e);
	if (result == 0)
		result = new_layer_run(git->work->call->places, &c, take, git, &status, &epilogue, e);
	container_release(&c);
	if (result || !status)
		return result;
	error_set(e, ERROR_NETWORK, "git ended with %d; its words are above", status);
	return git->address->is_ssh ? error_hint(e, "the host's key has to be in ~/.ssh/known_hosts or /etc/ssh/ssh_known_hosts; "
						 "ssh-add -l says which of yours the agent has") : -1;
}

static int take_nothing(int upper, const struct id_map *map, void *data, struct error *e)
{
	(void)upper;
	(void)map;
	(void)data;
	(void)e;
	return 0;
}

/* "COMMIT\tNAME" lines; a branch comes before a tag, and an annotated tag is the commit behind it. */
static char *find_ref(const char *lines, const char *ref)
{
	static const char *const forms[] = { "refs/heads/%s", "refs/tags/%s^{}", "refs/tags/%s", "%s^{}", "%s" };

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		size_t mark = strcspn(forms[i], "%");
		autofree char *name = text_format("%.*s%s%s", (int)mark, forms[i], ref, forms[i] + mark + 2);

		for (const char *line = lines; *line; line += strcspn(line, "\n"), line += *line == '\n') {
			size_t length = strcspn(line, "\n");

			if (length == COMMIT + 1 + strlen(name) && strspn(line, "0123456789abcdef") == COMMIT && line[COMMIT] == '\t' &&
			    strncmp(line + COMMIT + 1, name, strlen(name)) == 0)
				return alloc_copy_bytes(line, COMMIT);
		}
	}
	return NULL;
}

static char *ask(struct git *git, struct error *e)
{
	autoclose int said = memfd_create("refs", MFD_CLOEXEC), out = dup(STDOUT_FILENO);
	autorelease(text) struct text lines = { 0 };
	char *commit;
	int result;

	if (said < 0 || out < 0 || dup2(said, STDOUT_FILENO) < 0) {
		(void)error_sys(e, "make a file in memory");
		return NULL;
	}
	result = begin(git, resolve_script, git->address->ref, "", e) || run(git, take_nothing, e) ? -1 : 0;
	(void)dup2(out, STDOUT_FILENO); /* it was one a moment ago */
	if (result || lseek(said, 0, SEEK_SET) != 0 || file_read_fd(said, "what git says", REFS_LIMIT, &lines, e))
		return NULL;
	commit = find_ref(lines.data ? lines.data : "", git->address->ref);
	if (!commit)
		(void)error_set(e, ERROR_MISSING, "the repository has no branch or tag %s", git->address->ref);
	return commit;
}

char *build_repository_resolve(struct build_work *work, const char *words, struct error *e)
{
	autorelease(build_git) struct build_git address = { 0 };
	struct git git = { .work = work, .address = &address, .words = words };
	char *commit = NULL;

	if (build_git_parse(words, &address, e) == 0)
		commit = ask(&git, e);
	git_release(&git);
	if (!commit)
		(void)error_in(e, "fetch %s", words);
	return commit;
}

static int commit_files(int upper, const struct id_map *map, void *data, struct error *e)
{
	struct git *git = data;
	const struct list none = { 0 };
	const struct places *at = git->work->call->places;
	const struct commit_wish wish = { .upper = upper, .map = map, .parents = &none, .stubs = &none, .compression = "none", .epoch = EPOCH,
					  .is_rootless = at->rootless, .words = git->words };

	return commit_request(at, &wish, &git->layer, e);
}

static int make_layer(struct git *git, const char *commit, bool keeps, struct error *e)
{
	autofree char *key = text_format("box git 1\n%s\n%s\n%s\n", git->address->url, commit, keeps ? "keep" : "files");
	struct error ignored = { 0 };

	if (!git->work->options->no_cache && !git->work->verify && build_cache_find(git->work->store, key, &git->layer) &&
	    git->layer.diff_id)
		return 0;
	if (build_network_check(git->work, e) || begin(git, checkout_script, commit, keeps ? "keep" : "", e) || run(git, commit_files, e))
		return -1;
	if (!git->layer.diff_id)
		return error_set(e, ERROR_IMAGE, "the commit %s has no files", commit);
	(void)build_cache_put(git->work->store, key, &git->layer, &ignored); /* it is fetched again the next time */
	return 0;
}

int build_repository_checkout(struct build_work *work, const struct build_step *step, const char *words, const char *commit,
			      struct list *ret, struct error *e)
{
	autorelease(build_git) struct build_git address = { 0 };
	struct git git = { .work = work, .address = &address, .words = words };
	int result = build_git_parse(words, &address, e) || make_layer(&git, commit, step->keep_git_dir, e) ? -1 : 0;

	if (result == 0)
		list_add(ret, git.layer.diff_id);
	git_release(&git);
	return result ? error_in(e, "fetch %s", words) : 0;
}
