#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# kill -9 at every call that changes something, in whichever of box's processes makes it first: pull, load, rmi and prune.
#
# After each the store is whole, the command goes through, and prune finds nothing that should not be there. By default only some of the
# points, evenly spread: BOX_CRASH_POINTS=all takes minutes, BOX_CRASH_POINTS=N about N points per command.

load lib
load registry

CALLS=renameat,renameat2,unlinkat,unlink,mkdirat,linkat,symlinkat,fchmod,fchmodat,fchown,fchownat,utimensat,write,pwrite64,fsync,fdatasync
CALLS=$CALLS,syncfs,flock,ftruncate,clone,clone3,sendmsg,sendfile,copy_file_range,unshare,fsetxattr,execve,exit_group

# The store lies in memory: what is waited for here is not the disk.
setup() {
	setup_world && setup_registry
	[ "$(id -u)" -eq 0 ] || return 0
	FAST=$(mktemp -d /dev/shm/box-test-XXXXXX)
	ln -s "$FAST" fast
	export BOX_STORE=$FAST/store
}
teardown() {
	teardown_registry
	[ -z "${FAST:-}" ] || rm -rf "$FAST"
	teardown_world
}

# two_archives: a.tar and b.tar with one layer in common, ab.tar with both.
two_archives() {
	make_layout layout 1 100000
	IMAGE_TEXT=changed make_layout layout2 1 100000
	skopeo --insecure-policy copy -q oci:layout:1 oci-archive:a.tar:acme/a:1
	skopeo --insecure-policy copy -q oci:layout2:1 oci-archive:b.tar:acme/b:1
	box load -qi a.tar >/dev/null
	box load -qi b.tar >/dev/null
	box save -o ab.tar acme/a:1 acme/b:1
	rm -rf "$BOX_STORE"
}

# contents: what the store holds, by name.
contents() {
	(cd "$BOX_STORE" && find blobs layers images staging downloads -mindepth 1 -maxdepth 2 ! -name 'pull-*' ! -path 'layers/*/*' ! -path 'blobs/sha???' | sort)
	find "$BOX_STORE" -name '*.tmp-*'
	box images --format json | jq -r '.[] | .name + " " + .image'
}

# fresh: the store as it is before the command.
fresh() {
	rm -rf "$BOX_STORE"
	[ ! -e "$WORK/fast/base" ] || cp -a "$WORK/fast/base" "$BOX_STORE"
}

# points COMMAND…: "CALL N" for each call that one of its processes makes, chosen as BOX_CRASH_POINTS says.
points() {
	fresh
	strace -f -qq -e trace=$CALLS -e signal=none -o fast/log "$@" >/dev/null
	sed -nE 's/^([0-9]+) +([a-z0-9_]+)\(.*/\1 \2/p' fast/log | sort | uniq -c |
		awk '$1 > most[$3] { most[$3] = $1 } END { for (call in most) for (i = 1; i <= most[call]; i++) print call, i }' | sort >all-points
	case ${BOX_CRASH_POINTS:-3} in
	all) cat all-points ;;
	*) awk -v all="$(wc -l <all-points)" -v wanted="${BOX_CRASH_POINTS:-3}" 'int(NR * wanted / all) != int((NR - 1) * wanted / all)' all-points ;;
	esac
}

# crash_matrix COMMAND…: $wanted is what the store holds at the end.
crash_matrix() {
	local call n count=0 killed=0
	while read -r call n; do
		count=$((count + 1))
		fresh
		# strace ends by the same signal; that is what the shell in between would say.
		sh -c '"$@"; :' sh strace -f -q -e trace=$CALLS -e "inject=$call:signal=KILL:when=$n" -o fast/log "$@" >/dev/null 2>&1
		! grep -q 'killed by SIGKILL' fast/log || killed=$((killed + 1))
		run box images -q
		[ "$status" -eq 0 ] || fail "$* at $call $n: images" || return 1
		run box store check
		[ "$status" -eq 0 ] || fail "$* at $call $n: check" || return 1
		run "$@"
		# What was done already is no failure.
		[ "$status" -eq 0 ] || [[ $* == *rmi* && $output == *"the store has no image"* ]] || fail "$* at $call $n: once more" || return 1
		run box store check
		[ "$status" -eq 0 ] || fail "$* at $call $n: check once more" || return 1
		box prune >/dev/null
		[ "$(contents)" = "$wanted" ] || fail "$* at $call $n: $(diff <(contents) <(echo "$wanted"))" || return 1
	done < <(points "$@")
	echo "# $* died at $killed of $count points of $(wc -l <all-points)" >&3
	[ "$killed" -gt $((count / 2)) ] # some calls are made by chance only
}

# wanted_after COMMAND…: what it leaves where nothing kills it.
wanted_after() {
	fresh
	"$@" >/dev/null
	box prune >/dev/null
	wanted=$(contents)
}

@test "pull" {
	need root strace docker-registry skopeo jq
	start_registry
	make_layout layout 1 100000
	push layout:1 "$REGISTRY/acme/web:1"
	wanted_after box pull -q "$REGISTRY/acme/web:1"
	crash_matrix box pull -q "$REGISTRY/acme/web:1"
}

@test "load" {
	need root strace skopeo jq
	two_archives
	wanted_after box load -qi ab.tar
	crash_matrix box load -qi ab.tar
}

@test "rmi" {
	need root strace skopeo jq
	two_archives
	box load -qi ab.tar >/dev/null
	mv "$BOX_STORE" fast/base
	wanted_after box rmi acme/a:1
	crash_matrix box rmi acme/a:1
}

@test "prune" {
	need root strace skopeo jq
	two_archives
	box load -qi ab.tar >/dev/null
	mv "$BOX_STORE" fast/base
	wanted_after box prune --all
	[ -z "$wanted" ]
	crash_matrix box prune --all
}
