#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bind mounts, named volumes and tmpfs: what goes through, what does not, and who owns what is left on the host.

load lib
setup() {
	setup_world
	mkdir -m 700 data
	echo hello >data/file
}
teardown() { teardown_world; }

@test "a bind mount shows a folder of the host, relative to the file" {
	need root
	run_app '"volumes": [{"type": "bind", "source": "./data", "target": "/data"}], "command": ["sh", "-c", "cat /data/file; echo back >/data/new"]'
	expect_status 0
	expect_line hello
	[ "$(cat data/new)" = back ]
}

@test "short form, read-only" {
	need root
	run_app '"volumes": ["./data:/data:ro"], "command": ["sh", "-c", "cat /data/file; touch /data/x"]'
	expect_has hello "Read-only file system"
	[ ! -e data/x ]
}

@test "read_only reaches the mounts below, and they come along" {
	need root
	mkdir data/sub
	mount -t tmpfs none "$WORK/data/sub"
	echo below >data/sub/file
	run_app '"volumes": [{"type": "bind", "source": "./data", "target": "/data", "read_only": true}], "command": ["sh", "-c", "cat /data/sub/file; touch /data/sub/x"]'
	umount "$WORK/data/sub"
	expect_has below "Read-only file system"
}

@test "a single file can be bound" {
	need root
	run_app '"volumes": ["./data/file:/etc/motd:ro"], "command": ["cat", "/etc/motd"]'
	expect_status 0
	expect_line hello
}

@test "a missing source is an error that names it and its field" {
	need root
	run_app '"volumes": ["./data:/data", "./nowhere:/x"], "command": ["true"]'
	expect_status 125
	expect_has "volumes[1]" /nowhere ENOENT app.json:
}

@test "caller (the default): what root inside writes belongs to the folder's owner, and no setuid file of root can be left" {
	need root
	chown 4242:4343 data
	run_app '"volumes": ["./data:/data"], "command": ["sh", "-c", "touch /data/mine && cp /bin/busybox /data/suid && chmod 4755 /data/suid; stat -c %u /data"]'
	[ "$(stat -c %u:%g data/mine)" = 4242:4343 ] || fail "data/mine belongs to $(stat -c %u:%g data/mine)"
	[ "$(stat -c %u data/suid)" != 0 ] || fail "a setuid file of root was left on the host"
}

@test "caller: an app that runs as another user can use the folder too" {
	need root
	chown 4242:4343 data
	run_app '"user": "1000:1000", "volumes": ["./data:/data"], "command": ["sh", "-c", "touch /data/mine && stat -c %u:%g /data/mine"]'
	expect_status 0
	expect_line 1000:1000
	[ "$(stat -c %u:%g data/mine)" = 4242:4343 ]
}

@test "caller: a folder of root that others can enter is refused for writing, with the fix; read-only it is taken" {
	need root
	chmod 755 data
	run_app '"volumes": ["./data:/data"], "command": ["true"]'
	expect_status 125
	expect_has "volumes[0]" chmod app.json
	run_app '"volumes": ["./data:/data:ro"], "command": ["cat", "/data/file"]'
	expect_status 0
	expect_line hello
}

@test "container: refused where other users can enter the folder, with the fix" {
	need root
	chmod 755 data
	run_app '"volumes": [{"type": "bind", "source": "./data", "target": "/data", "idmap": "container"}], "command": ["true"]'
	expect_status 125
	expect_has "volumes[0]" chmod
	chmod 700 data
	run_app '"volumes": [{"type": "bind", "source": "./data", "target": "/data", "idmap": "container"}], "command": ["sh", "-c", "chown 7:8 /data/file"]'
	expect_status 0
	[ "$(stat -c %u:%g data/file)" = 7:8 ]
}

@test "none: ids of the host appear as nobody" {
	need root
	chmod 777 data
	run_app '"volumes": [{"type": "bind", "source": "./data", "target": "/data", "idmap": "none"}], "command": ["sh", "-c", "stat -c %u /data/file"]'
	expect_status 0
	expect_line 65534
}

@test "devices and setuid programs on a bind mount are inert" {
	need root
	cp -p /bin/busybox data/busybox 2>/dev/null || cp "$(command -v busybox)" data/busybox
	mknod data/null c 1 3
	run_app '"volumes": ["./data:/data"], "command": ["sh", "-c", "grep \" /data \" /proc/self/mountinfo; echo x >/data/null"]'
	expect_has nosuid nodev "ermission denied"
}

@test "a named volume outlives the app and keeps container ids" {
	need root
	run_app '"volumes": [{"type": "volume", "source": "'"$TAG"'-v", "target": "/v"}], "command": ["sh", "-c", "echo one >/v/f && chown 1000:1000 /v/f"]'
	expect_status 0
	run_app '"volumes": ["'"$TAG"'-v:/v"], "command": ["sh", "-c", "cat /v/f; stat -c %u:%g /v/f"]'
	expect_status 0
	expect_line one 1000:1000
	[ -z "$(find "$BOX_STORE/volumes" -maxdepth 0 -perm /077)" ] || fail "others can enter the volumes"
}

@test "a new empty volume is filled from the image, an old one is not" {
	need root
	rootfs_folder root
	mkdir root/seed
	echo seeded >root/seed/file
	chown -R 1000:1000 root/seed
	app_in "$WORK/root" '"volumes": ["'"$TAG"'-s:/seed"], "command": ["sh", "-c", "cat /seed/file; stat -c %u:%g /seed /seed/file; rm /seed/file; touch /seed/other"]'
	run box run app.json
	expect_status 0
	expect_line seeded 1000:1000
	app_in "$WORK/root" '"volumes": ["'"$TAG"'-s:/seed"], "command": ["ls", "/seed"]'
	run box run app.json
	expect_status 0
	[ "$output" = other ] || fail "the volume was filled again"
}

@test "a volume in use by one app is refused to another, unless it is shared" {
	need root
	app '"volumes": ["'"$TAG"'-x:/v"], "command": ["sh", "-c", "touch /v/here; sleep 30"]'
	box run app.json </dev/null &
	wait_until 10 eval 'find "$BOX_STORE/volumes" -name here | grep -q .'
	sed "s/\"name\": \"$TAG\"/\"name\": \"$TAG-two\"/; s/\\[\"sh\".*\\]/[\"true\"]/" app.json >two.json
	run box run two.json
	expect_status 125
	expect_has "$TAG-x"
	box rm -f "$(container_name)"
	wait
}

@test "tmpfs: size and mode as written" {
	need root
	run_app '"tmpfs": ["/scratch:size=1m,mode=0700"], "command": ["sh", "-c", "df -k /scratch | tail -1; stat -c %a /scratch; dd if=/dev/zero of=/scratch/f bs=1000000 count=2"]'
	expect_has " 1024 " 700 "No space left on device"
	run_app '"tmpfs": ["/scratch:size=64m"], "command": ["sh", "-c", "stat -f -c %T /scratch; touch /scratch/x && echo fine"]'
	expect_status 0
	expect_line tmpfs fine
}

@test "a target that is a link in the image stays inside" {
	need root
	rootfs_folder root
	mkdir outside
	ln -s "/../../../..$WORK/outside" root/link
	app_in "$WORK/root" '"volumes": ["./data:/link/x"], "command": ["true"]'
	run box run app.json
	[ -z "$(ls outside)" ] || fail "something was made outside of the root"
}

@test "a mount over the root or over /proc is refused" {
	need root
	for target in / /proc /proc/self /sys; do
		run_app '"volumes": ["./data:'$target'"], "command": ["true"]'
		[ "$status" -eq 125 ] || fail "a bind on $target was taken" || return 1
		expect_has volumes
	done
}

@test "command line: -v adds a bind mount" {
	need root
	app '"command": ["cat", "/data/file"]'
	run box run -v "$WORK/data:/data:ro" app.json
	expect_status 0
	expect_line hello
}

@test "secrets are files on a tmpfs with owner and mode, never printed by config" {
	need root
	echo s3cret-w0rd >db
	run_app '"secrets": [{"source": "./db", "target": "/run/secrets/db", "uid": 1000, "gid": 1000, "mode": "0400"}], "user": "1000:1000", "command": ["sh", "-c", "cat /run/secrets/db; stat -c %u:%g:%a /run/secrets/db; stat -f -c %T /run/secrets/db"]'
	expect_status 0
	expect_line s3cret-w0rd 1000:1000:400 tmpfs
	run box config app.json
	expect_not s3cret-w0rd
	! grep -rq s3cret-w0rd "$BOX_STORE" "$STATE" || fail "the secret is on disk"
}

@test "a volume whose folder other users can enter is refused, with the fix" {
	need root
	mkdir -p -m 755 "$BOX_STORE/volumes/open/_data"
	chmod 700 "$BOX_STORE"
	chmod 755 "$BOX_STORE/volumes/open"
	run_app '"command": ["touch", "/data/x"], "volumes": ["open:/data"]'
	expect_status 125
	expect_has "$BOX_STORE/volumes/open" "chmod 0700"
	[ ! -e "$BOX_STORE/volumes/open/_data/x" ]
	chmod 700 "$BOX_STORE/volumes/open"
	run box run app.json
	expect_status 0
}

@test "a folder of root's that a group can enter counts as open: an ACL looks the same" {
	need root
	mkdir -m 750 shared
	run_app '"command": ["touch", "/data/x"], "volumes": ["./shared:/data"]'
	expect_status 125
	expect_has "other users can enter it" "volumes[0]"
	[ ! -e shared/x ]
	chmod 700 shared
	run box run app.json
	expect_status 0
	[ -e shared/x ]
}
