#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Completion in real shells: verbs, options, values, names.

load lib
setup() {
	setup_world
	box volume create "$TAG-volume" >/dev/null
	mkdir files
	touch files/one.json
}
teardown() { teardown_world; }

in_bash() { # in_bash LINE: what the last word may become, a line each
	bash --norc -c 'source <(box completion bash); COMP_LINE=$1; COMP_POINT=${#1}; _box; printf "%s\n" "${COMPREPLY[@]}"' - "$1"
}

@test "bash" {
	need bash
	in_bash "box insp" | grep -qx inspect
	in_bash "box --log-f" | grep -qx -- --log-format
	in_bash "box volume " | grep -qx export
	in_bash "box volume rm $TAG" | grep -qx "$TAG-volume"
	in_bash "box inspect $TAG" | grep -qx "$TAG-volume"
	in_bash "box stats --format " | grep -qx prometheus
	in_bash "box stats --format=pro" | grep -qx prometheus
	in_bash "box run files/o" | grep -qx files/one.json
	in_bash "box exec -u root nobody --l" >out
	! grep -- --log out || fail "a program's options are not box's"
	[ -z "$(in_bash 'box nonsense x')" ] || fail "it offers something"
}

@test "zsh" {
	need zsh
	cat >run.zsh <<'Z'
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1=; autoload -U compinit; compinit -u -D; source <(box completion zsh); bindkey "^I" complete-word; setopt no_beep; print READY'
zpty -r z got '*READY*READY*'
zpty -n -w z "$1"$'\t'
sleep 1
zpty -n -w z $'\x01print -r -- "<\x05>"\r'
zpty -r z got '*<*>*<*>*'
print -r -- "$got"
zpty -d z
Z
	timeout 60 zsh -f run.zsh "box insp" >out 2>&1 || true
	grep -q '<box inspect' out || fail "$(cat -v out)"
	timeout 60 zsh -f run.zsh "box volume rm $TAG" >out 2>&1 || true
	grep -q "<box volume rm $TAG-volume" out || fail "$(cat -v out)"
}

@test "fish" {
	need fish
	in_fish() { HOME=$WORK fish --no-config -c 'box completion fish | source; complete -C "$argv[1]"' "$1"; }
	in_fish "box insp" | grep -q '^inspect	'
	in_fish "box stats --for" | grep -q '^--format	'
	in_fish "box volume rm $TAG" | grep -q "^$TAG-volume	"
	in_fish "box run files/o" | grep -q '^files/one.json'
}

@test "every command offers its options" {
	local command
	for command in $(box help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
		box completion complete "$command" --h | grep -q '^--help	' || fail "$command does not offer --help"
	done
	run box completion powershell
	expect_status 125
	expect_has "bash, zsh or fish"
}
