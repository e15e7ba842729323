#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Layers and images made to hurt (attacks.md, section B): what has to be refused is, nothing of it becomes visible, nothing outside changes.

load lib
load images

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/host"
	echo keep >"$BATS_FILE_TMPDIR/host/marker"
	python3 "$BATS_TEST_DIRNAME/../hostile/mk_images.py" "$BATS_FILE_TMPDIR/images" "$BATS_FILE_TMPDIR/host"
}
setup() {
	setup_world
	HOST=$BATS_FILE_TMPDIR/host
	IMAGES=$BATS_FILE_TMPDIR/images
}
teardown() { teardown_world; }

# Whether some layer of the store has the path.
some_layer_has() {
	local root
	for root in "$1"/layers/*/root; do
		[ -e "$root/$2" ] || [ -L "$root/$2" ] && return 0
	done
	return 1
}

# judge NAME KIND SOURCE EXPECTED WORDS
judge() {
	local store=$WORK/stores/$1 words
	words=${5//\\n/$'\n'}
	mkdir -p "$WORK/stores"
	unpack "$2" "$IMAGES/$3" "$store" || return 1
	case $4 in
	refused)
		[ -z "$image" ] && [ -n "$reason" ] || { fail "$1 was taken"; return 1; }
		case $reason in *"$words"*) ;; *) fail "$1: \"$reason\" does not say \"$words\""; return 1 ;; esac
		[ -z "$(find "$store"/{layers,images,sources} -mindepth 1; find "$store/blobs" -type f)" ] || { fail "$1: something became visible"; return 1; }
		;;
	taken)
		[ -n "$image" ] || { fail "$1 was refused: $reason"; return 1; }
		[ -z "$words" ] || some_layer_has "$store" "$words" || { fail "$1: no $words in it"; return 1; }
		;;
	contained) [ -n "$image$reason" ] || { fail "$1: no answer"; return 1; } ;;
	esac
	[ -z "$(ls "$store/staging")" ] || { fail "$1: staging holds $(ls "$store/staging")"; return 1; }
}

# family PATTERN LEAST: all cases of that name, and at least so many.
family() {
	local name kind source expected words before count=0 bad=0
	need root python3 jq
	before=$(snapshot "$HOST")
	while IFS=$'\t' read -r name kind source expected words; do
		[[ $name == $1 ]] || continue
		count=$((count + 1))
		judge "$name" "$kind" "$source" "$expected" "$words" || bad=1
		[ "$(snapshot "$HOST")" = "$before" ] || { fail "$name changed the host"; return 1; }
	done <"$IMAGES/cases"
	[ $count -ge "$2" ] || fail "only $count cases of $1"
	[ $bad -eq 0 ]
}

@test "B01 names that lead out of the root" { family 'b01-*' 12; }
@test "B02 writing through links" { family 'b02-*' 8; }
@test "B03 something else in the place of the root folder" { family 'b03-*' 6; }
@test "B04 hard links to what the layer did not bring" { family 'b04-*' 12; }
@test "B05 whiteouts through links" { family 'b05-*' 2; }
@test "B06 whiteouts of nothing" { family 'b06-*' 11; }
@test "B07 overlayfs' own notes in an archive" { family 'b07-*' 8; }
@test "B08 device nodes" { family 'b08-*' 5; }
@test "B09 setuid files" { family 'b09-*' 1; }
@test "B10 extended attributes" { family 'b10-*' 11; }
@test "B11 headers that contradict each other" { family 'b11-*' 7; }
@test "B12 sizes that lie" { family 'b12-*' 13; }
@test "B13 sparse maps" { family 'b13-*' 5; }
@test "B14 names that change their kind" { family 'b14-*' 7; }
@test "B15 metadata through links" { family 'b15-*' 2; }
@test "B16 owners outside the map" { family 'b16-*' 12; }
@test "B17 bombs" { family 'b17-*' 3; }
@test "B18 digests, sizes and what follows the end" { family 'b18-*' 22; }
@test "B19 digests as paths" { family 'b19-*' 16; }
@test "B20 manifests that are two things" { family 'b20-*' 8; }
@test "B26 layers that are no tars" { family 'b26-*' 4; }
@test "B27 archives of images" { family 'b27-*' 15; }
@test "D01 urls in a manifest are not followed" { family 'd01-*' 1; }

# unpacked NAME: unpacks that case and goes to its only layer.
unpacked() {
	need root python3 jq
	unpack tar "$IMAGES/$1.tar" "$WORK/store-$1"
	[ -n "$image" ] || fail "refused: $reason" || return 1
	cd "$(layers "$WORK/store-$1")" || return 1
}

xattrs() { python3 -c 'import os,sys
for n in sorted(os.listxattr(sys.argv[1], follow_symlinks=False)): print(n, os.getxattr(sys.argv[1], n, follow_symlinks=False).hex())' "$1"; }

@test "B07 no name of overlayfs is ever restored" {
	local i
	for i in 0 1 2 3 4 5 6; do
		unpacked b07-xattr-$i
		[ -z "$(xattrs d)" ] || fail "d has $(xattrs d)"
	done
}

@test "B08 a device node is left out, and said" {
	unpacked b08-block
	[ ! -e sda ]
	[[ $warnings == *"1 device nodes"* ]] || fail "warnings: $warnings"
}

@test "B09 setuid files lie behind a folder that nobody else enters, owned by nobody of the host" {
	need user
	unpacked b09-setuid
	[ "$(stat -c '%a %u %g' su)" = "4755 1879048192 1879048192" ] || fail "$(stat -c '%a %u %g' su)"
	[ "$(stat -c %a "$WORK/store-b09-setuid")" = 700 ]
	run setpriv --reuid $TEST_USER --regid $TEST_USER --clear-groups stat "$PWD/su"
	[ "$status" -ne 0 ] || fail "another user reaches it"
}

@test "B10 a file capability is bound to the store's root" {
	unpacked b10-capability
	# Revision 3, and the root id 0x70000000 in its last word.
	[ "$(xattrs ping)" = "security.capability 0100000300200000000000000000000000000000""00000070" ] || fail "$(xattrs ping)"
	unpacked b10-capability-v3
	[[ $(xattrs ping) == *00000070 ]] || fail "$(xattrs ping)"
}

@test "B10 only user.* and file capabilities are kept" {
	local i
	for i in 0 1 2 3 4; do
		unpacked b10-dropped-$i
		[ -z "$(xattrs f)" ] || fail "f has $(xattrs f)"
	done
	unpacked b10-user
	[ "$(xattrs f)" = "user.kept 76616c7565" ] || fail "$(xattrs f)"
}

@test "B13 holes stay holes" {
	unpacked b13-good
	[ "$(stat -c %s sparse)" = 1048576 ]
	[ "$(stat -c %b sparse)" -lt 100 ] || fail "it takes $(stat -c %b sparse) blocks"
	[ "$(dd if=sparse bs=1 skip=4096 count=1 status=none)$(dd if=sparse bs=1 skip=8192 count=1 status=none)" = ab ]
}

@test "B14 the later member wins" {
	unpacked b14-twice
	[ "$(cat f)" = two ]
	unpacked b14-folder-file
	[ "$(cat d)" = "now a file" ]
	unpacked b14-folder-link-folder
	[ -d d ] && [ ! -L d ] && [ ! -e d/a ]
	unpacked b14-deep
	[ "$(cat top)" = "now a file" ]
	unpacked b02-write-over-link
	[ ! -L f ] && [ "$(cat f)" = changed ]
}

@test "B17 a bomb ends within five seconds and leaves nothing" {
	need root python3 jq
	local before after began=$SECONDS
	before=$(df --output=avail -k "$WORK" | tail -1)
	unpack tar "$IMAGES/b17-gzip.tar.gz" "$WORK/bomb"
	unpack tar "$IMAGES/b17-zstd.tar.zst" "$WORK/bomb"
	[ $((SECONDS - began)) -le "$(slowly 5)" ] || fail "it took $((SECONDS - began)) s"
	[ "$(du -sk "$WORK/bomb" | cut -f1)" -lt 1000 ] || fail "$(du -sk "$WORK/bomb")"
}

@test "a worker that is killed leaves nothing that the next unpacking does not sweep" {
	need root python3 jq
	make_store "$WORK/killed"
	# Seconds of zeros behind a tar's end; killing box-image kills the worker that reads them too.
	truncate -s 8G "$WORK/slow.tar"
	"$BOX_BUILD/libexec/box/box-image" unpack tar 8 9 new any x 8<"$WORK/killed" 9<"$WORK/slow.tar" >"$WORK/answer" &
	local pid=$! workers worker
	wait_until 10 eval '[ -n "$(ls "$WORK/killed/staging")" ] && workers=$(pgrep -P '$pid' -x box-image:apply)'
	kill -KILL $pid
	wait $pid || true
	for worker in $workers; do wait_until 10 is_gone "$worker"; done
	[ -n "$(ls "$WORK/killed/staging")" ]
	unpack tar "$IMAGES/b01-slashes.tar" "$WORK/killed"
	[ -n "$image" ] || fail "$reason"
	[ -z "$(ls "$WORK/killed/staging")" ]
}

# What the sandboxed worker has, seen from outside while it waits.
@test "the worker holds nothing: namespaces, ids, root, capabilities, descriptors" {
	need root
	make_store "$WORK/watched"
	truncate -s 8G "$WORK/slow.tar"
	"$BOX_BUILD/libexec/box/box-image" unpack tar 8 9 new any x 8<"$WORK/watched" 9<"$WORK/slow.tar" >"$WORK/answer" &
	local parent=$! pid ns
	wait_until 5 eval 'pid=$(pgrep -P '$parent' -x box-image:apply) && grep -q "Seccomp:	2" /proc/$pid/status'
	pid=$(pgrep -P $parent)
	for ns in user mnt pid net ipc uts; do
		[ "$(readlink /proc/$pid/ns/$ns)" != "$(readlink /proc/self/ns/$ns)" ] || fail "it shares the $ns namespace"
	done
	output=$(cat /proc/$pid/status)
	expect_has "NoNewPrivs:	1" "Seccomp:	2" "CapInh:	0000000000000000" "CapAmb:	0000000000000000" \
		"CapEff:	000000008000001b" "CapBnd:	000000008000001b" "Uid:	1879048192	1879048192"
	output=$(cat /proc/$pid/uid_map)
	[[ $output =~ ^\ *0\ +1879048192\ +65536$ ]] || fail "its map is $output"
	[ "$(wc -l </proc/$pid/mountinfo)" = 1 ] || fail "it sees these mounts: $(cat /proc/$pid/mountinfo)"
	[ -z "$(ls -A "/proc/$pid/root/" | grep -Ev '^0(\.tar|\.erofs)?$')" ] || fail "its root holds $(ls -A /proc/$pid/root/)"
	# /dev/null twice, stderr, the channel, the archive that its parent sent, and the layer's folder.
	[[ $(ls /proc/$pid/fd | tr '\n' ' ') =~ ^"0 1 2 3 4 5 "("6 7 ")?$ ]] || fail "its descriptors: $(ls -l /proc/$pid/fd)"
	[ "$(stat -L -c %t:%T /proc/$pid/fd/0 /proc/$pid/fd/1 | tr '\n' ' ')" = "1:3 1:3 " ] || fail "$(ls -l /proc/$pid/fd)"
	kill -KILL $parent
	wait $parent || true
}
