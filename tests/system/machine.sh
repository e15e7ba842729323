#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# machine.sh WORK NAME - the first process of a machine (see engines.bash): gives it mounts of its own, then is its init.
#
# It runs in new namespaces of every kind but user, already in the machine's cgroups, and sees the host's files. What an engine writes goes to
# tmpfs: /run, /tmp (with WORK in it), /dev/shm and the stores below /var/lib; /etc and the rest of /var are overlays. All of it disappears
# with the last process.
set -euo pipefail
work=$1 name=$2

# /sys again, so that it shows this network namespace; and the cgroup hierarchies, so that they begin at this cgroup namespace's root.
mapfile -t groups < <(awk '/ - cgroup2? / { point = $5; sub(/.* - /, ""); print point, $1, $3 }' /proc/self/mountinfo)
umount --recursive --lazy /sys
mount -t sysfs sysfs /sys
[ "${groups[0]%% *}" = /sys/fs/cgroup ] || mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
for group in "${groups[@]}"; do
	read -r point kind options <<<"$group"
	[ -d "$point" ] || mkdir "$point"
	case $kind in
	cgroup) mount -t cgroup -o "$(tr , '\n' <<<"$options" | grep -vxE 'rw|ro|release_agent=.*' | paste -sd,)" cgroup "$point" ;;
	cgroup2)
		mount -t cgroup2 cgroup2 "$point"
		# A group with processes in it may not hand out controllers: ours go to a group of their own.
		mkdir "$point/init"
		echo 0 >"$point/init/cgroup.procs"
		for controller in $(cat "$point/cgroup.controllers"); do
			echo "+$controller" >"$point/cgroup.subtree_control" || true
		done
		;;
	esac
done

mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p "/run/machine/tmp$work" /run/machine/{etc,var}{,.work} /run/lock
chmod 1777 /run/machine/tmp/tmp /run/lock
mount --bind "$work" "/run/machine/tmp$work"
mount --rbind /run/machine/tmp/tmp /tmp
for folder in etc var; do
	mount -t overlay -o "lowerdir=/$folder,upperdir=/run/machine/$folder,workdir=/run/machine/$folder.work" overlay "/$folder"
done
umount --lazy /dev/shm || true
for folder in /dev/shm /var/tmp /var/lib/{containers,docker,containerd}; do
	mkdir -p "$folder"
	mount -t tmpfs -o mode=1777 tmpfs "$folder"
done
chmod 711 /var/lib/{containers,docker,containerd}
# Rootless networks (slirp4netns) open it as an ordinary user.
if [ -e /dev/net/tun ]; then
	mknod -m 666 /run/machine/tun c 10 200
	mount --bind /run/machine/tun /dev/net/tun
fi
hostname "$name"
printf '127.0.0.1 localhost %s\n' "$name" >/etc/hosts
ip link set lo up

touch "$work/$name.ready"
exec tini -s -- sleep infinity
