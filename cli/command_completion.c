/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_completion.c - box completion: scripts for bash, zsh and fish.
 *
 * The scripts know nothing: they ask "box completion complete WORDS…" what the last word may become, so that what is offered is what this
 * box has, by the tables that read its command line. A candidate is a line, a tab and words about it behind it; ":file" asks for files.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/report.h"

const struct option_row completion_options[] = { { 0 } };

/* COMP_WORDS is cut at ":" and "=", so the line itself is read; what readline keeps of the word must not come back. */
static const char bash_script[] =
	"# bash completion for box: source <(box completion bash)\n"
	"_box() {\n"
	"\tlocal line=${COMP_LINE:0:COMP_POINT} cur word text kept files=\n"
	"\tlocal -a words\n"
	"\tread -ra words <<<\"$line\"\n"
	"\t[[ $line != *[[:space:]] ]] || words+=('')\n"
	"\tcur=${words[-1]}\n"
	"\tkept=${cur%\"${cur##*[:=]}\"}\n"
	"\tCOMPREPLY=()\n"
	"\twhile IFS=$'\\t' read -r word text; do\n"
	"\t\tif [[ $word == :file ]]; then\n"
	"\t\t\tfiles=1\n"
	"\t\telif [[ $word == \"$cur\"* ]]; then\n"
	"\t\t\tCOMPREPLY+=(\"${word#\"$kept\"}\")\n"
	"\t\t\t[[ $word != *[:=] ]] || compopt -o nospace 2>/dev/null\n"
	"\t\tfi\n"
	"\tdone < <(\"${words[0]}\" completion complete \"${words[@]:1}\" 2>/dev/null)\n"
	"\tif [[ -n $files ]]; then\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\twhile IFS= read -r word; do COMPREPLY+=(\"$word\"); done < <(compgen -f -- \"${cur##*[:=]}\")\n"
	"\tfi\n"
	"}\n"
	"complete -F _box box\n";

static const char zsh_script[] =
	"#compdef box\n"
	"# zsh completion for box: source <(box completion zsh), or this file as _box in a folder of $fpath\n"
	"_box() {\n"
	"\tlocal -a candidates\n"
	"\tlocal line word files=\n"
	"\tfor line in \"${(@f)$(${words[1]} completion complete \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\"; do\n"
	"\t\tif [[ $line == :file ]]; then\n"
	"\t\t\tfiles=1\n"
	"\t\telif [[ -n $line ]]; then\n"
	"\t\t\tword=${line%%$'\\t'*}\n"
	"\t\t\tcandidates+=(\"${word//:/\\\\:}:${line#*$'\\t'}\")\n"
	"\t\tfi\n"
	"\tdone\n"
	"\t(( $#candidates )) && _describe -t values box candidates\n"
	"\t[[ -z $files ]] || _files\n"
	"}\n"
	"if [[ $funcstack[1] == _box ]]; then\n"
	"\t_box \"$@\"\n"
	"else\n"
	"\tcompdef _box box\n"
	"fi\n";

static const char fish_script[] =
	"# fish completion for box: box completion fish | source\n"
	"function __box_complete\n"
	"\tset -l words (commandline -opc) (commandline -ct)\n"
	"\tfor line in (command $words[1] completion complete $words[2..-1] 2>/dev/null)\n"
	"\t\tif test \"$line\" = :file\n"
	"\t\t\t__fish_complete_path (commandline -ct)\n"
	"\t\telse\n"
	"\t\t\techo $line\n"
	"\t\tend\n"
	"\tend\n"
	"end\n"
	"complete -c box -f -a '(__box_complete)'\n";

static const struct {
	const char *name, *script;
} shells[] = { { "bash", bash_script }, { "zsh", zsh_script }, { "fish", fish_script } };

static int find_script(char *const *argv, struct text *ret, struct error *e)
{
	for (size_t i = 0; argv[0] && !argv[1] && i < sizeof shells / sizeof *shells; i++)
		if (strcmp(shells[i].name, argv[0]) == 0) {
			text_add(ret, shells[i].script);
			return 0;
		}
	error_set(e, ERROR_USAGE, "completion: expected bash, zsh or fish");
	return error_hint(e, "in ~/.bashrc: source <(box completion bash)");
}

int command_completion(const struct call *call)
{
	bool is_question = call->argv[0] && strcmp(call->argv[0], "complete") == 0;
	autorelease(text) struct text out = { 0 };
	struct error e = { 0 };

	if (is_question)
		completion_find(call->places, call->argv + 1, &out);
	else if (find_script(call->argv, &out, &e))
		return report_failure(&e);
	return report_text(&out, &e) ? report_failure(&e) : 0;
}
