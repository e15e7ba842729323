# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# cluster.bash - a Kubernetes of two nodes, for the tests of this folder: etcd, apiserver, controller manager and scheduler in the machine
# "first", a kubelet and a containerd in "first" and in "second" (machines: tests/system/engines.bash). The programs are those that
# scripts/kube/build left in build/kube/bin, or in $BOX_KUBE/bin.
#
# containerd has the runtime under test as its default runtime, and once more as the handler "box" of a RuntimeClass; calls of that
# one begin with "class" in $WORK/calls.

KUBE_BIN=${BOX_KUBE:-$TOP/build/kube}/bin
KUBE_FILES=$TOP/tests/kube

# Machine, its address, and the addresses of its pods. Routes between the two are below.
NODES='first 10.98.0.1 10.97.1.0/24
second 10.98.0.2 10.97.2.0/24'
SERVER=10.98.0.1

kubectl() { on first env HOME="$WORK/home" "$WORK/programs/kubectl" --kubeconfig "$WORK/kubeconfig" "$@"; }

cluster_needs() {
	world_needs containerd ctr etcd openssl iptables jq /usr/lib/cni/bridge "$KUBE_BIN/kubelet" && return
	WORLD_LACKS="${WORLD_LACKS% (*} (scripts/setup kube; scripts/kube/build)"
	return 1
}

cluster_begin() {
	world_begin
	mkdir home programs
	cp "$KUBE_FILES"/*.{yaml,toml,conflist} .
	cp -l "$KUBE_BIN"/* programs/ 2>/dev/null || cp "$KUBE_BIN"/* programs/
	printf '#!/bin/sh\nprintf "class " >>%s\nexec %s "$@"\n' "$WORK/calls" "$WORK/runtime/box" >runtime/class
	chmod 755 runtime/class
	machine_start first
	machine_start second
	machine_cable first $SERVER/24 second 10.98.0.2/24
	# A cable disappears with either of its machines, and its addresses with it: the server's is that of a switch.
	on first sh -c "ip link add nodes type bridge && ip link set nodes up && ip link set eth0 master nodes &&
		ip address del $SERVER/24 dev eth0 && ip address add $SERVER/24 dev nodes"
	docker_archive rootfs.tar image.tar localhost/base:1
	docker_archive rootfs.tar pause.tar localhost/pause:1 '{"Env": ["PATH=/bin"], "Cmd": ["sleep", "1000000"]}'
	cluster_keys
	control_plane
	local name address pods
	sed -i "s#@WORK@#$WORK#" containerd.toml
	while read -r name address pods; do
		node "$name" "$address" "$pods" </dev/null
	done <<<"$NODES"
	wait_until 90 nodes_are_ready 2
	kubectl create -f class.yaml
	wait_until 90 kubectl get serviceaccount default
}

# Keys and the file by which everything finds the server. Its certificate is its own; nothing else listens on this network.
cluster_keys() {
	openssl genrsa -out account.key 2048 2>/dev/null
	openssl rsa -in account.key -pubout -out account.pub 2>/dev/null
	printf 'sesame,admin,admin,system:masters\n' >tokens.csv
	cat >kubeconfig <<-END
		apiVersion: v1
		kind: Config
		current-context: test
		clusters: [{name: test, cluster: {server: "https://$SERVER:6443", insecure-skip-tls-verify: true}}]
		users: [{name: admin, user: {token: sesame}}]
		contexts: [{name: test, context: {cluster: test, user: admin}}]
	END
}

# A lost node is noticed after 8 seconds instead of 40.
control_plane() {
	daemon first etcd --data-dir /run/etcd --unsafe-no-fsync --log-level error
	daemon first programs/kube-apiserver --etcd-servers http://127.0.0.1:2379 --bind-address 0.0.0.0 --advertise-address $SERVER --cert-dir /run/apiserver \
		--service-cluster-ip-range 10.96.0.0/16 --token-auth-file tokens.csv --authorization-mode AlwaysAllow --allow-privileged=true \
		--service-account-issuer https://kube --service-account-key-file account.pub --service-account-signing-key-file account.key \
		--kubelet-preferred-address-types InternalIP
	wait_until 90 kubectl get --raw /readyz || { tail -20 "$WORK/first-kube-apiserver.log" >&2; return 1; }
	daemon first programs/kube-controller-manager --kubeconfig kubeconfig --leader-elect=false --service-account-private-key-file account.key \
		--use-service-account-credentials=false --node-monitor-period 1s --node-monitor-grace-period 8s
	daemon first programs/kube-scheduler --kubeconfig kubeconfig --leader-elect=false
}

# node NAME ADDRESS PODS
node() {
	local name=$1 address=$2 pods=$3 other
	on "$name" sh -c 'mkdir -p /run/cni /var/lib/kubelet && mount -t tmpfs tmpfs /var/lib/kubelet && mount --make-rshared /'
	node_settings "$name"
	while read -r other; do
		# shellcheck disable=SC2086
		on "$name" ip route add $other </dev/null
	done < <(awk -v name="$name" '$1 != name { print $3, "via", $2 }' <<<"$NODES")
	sed "s#@PODS@#$pods#" network.conflist >"$name.conflist"
	on "$name" cp "$name.conflist" /run/cni/
	daemon "$name" containerd -c containerd.toml
	wait_until 90 node_ctr "$name" version
	node_ctr "$name" image import image.tar
	node_ctr "$name" image import pause.tar
	daemon "$name" programs/kubelet --kubeconfig kubeconfig --config kubelet.yaml --container-runtime remote \
		--container-runtime-endpoint unix:///run/containerd/containerd.sock --node-ip "$address" --volume-plugin-dir /var/lib/kubelet/plugins-exec
}
node_ctr() { on "$1" ctr -n k8s.io "${@:2}"; }

# The kubelet sets these for the whole host; here it gets files with their values to write to.
node_settings() {
	on "$1" bash -c 'mkdir /run/settings && for name in vm/{overcommit_memory,panic_on_oom} kernel/{panic,panic_on_oops} kernel/keys/root_max{keys,bytes}; do
		cat /proc/sys/$name >/run/settings/${name##*/} && mount --bind /run/settings/${name##*/} /proc/sys/$name || exit
	done'
}

nodes_are_ready() { [ "$(kubectl get nodes -o json | jq '[.items[].status.conditions[] | select(.type == "Ready" and .status == "True")] | length')" -eq "$1" ]; }

# --- what the tests ask ----------------------------------------------------------------------------------------------------

# apply NAME: what is in NAME.yaml.
apply() { kubectl apply -f "$1.yaml"; }

# pods SELECTOR [NODE]: the names of the pods that are ready and not about to end, maybe of that node.
pods() {
	kubectl get pods -l "$1" -o json | jq -r --arg node "${2:-}" '.items[] | select($node == "" or .spec.nodeName == $node)
		| select(.metadata.deletionTimestamp == null) | select([.status.conditions[]? | select(.type == "Ready" and .status == "True")] != []) | .metadata.name'
}
have_pods() { [ "$(pods "$1" "${3:-}" | wc -l)" -eq "$2" ]; } # have_pods SELECTOR NUMBER [NODE]

# of_pod NAME FILTER: what jq's filter finds in the pod.
of_pod() { kubectl get pod "$1" -o json | jq -r "$2"; }
pod_is() { [ "$(of_pod "$1" .status.phase)" = "$2" ]; }
no_pods() { [ -z "$(kubectl get pods -o name)" ]; }

# For a test that failed.
state() {
	kubectl get nodes,pods -o wide
	kubectl get events --sort-by .metadata.creationTimestamp | tail -20
}

# What containers leave on a node: tasks and containers of containerd, shims, states of the runtime, groups, mounts, network namespaces.
node_leftovers() {
	node_ctr "$1" task list -q
	node_ctr "$1" container list -q
	on "$1" bash -c '
		pgrep -a containerd-shim
		ls -d /run/containerd/runc/k8s.io/* /run/containerd/io.containerd.{runtime.v2.task/k8s.io,grpc.v1.cri/*}/* 2>/dev/null
		find /sys/fs/cgroup -type d -path "*/kubepods/*pod*" 2>/dev/null
		grep -E "/run/(containerd/io|netns)|/var/lib/kubelet/pods" /proc/self/mountinfo
		ls /run/netns 2>/dev/null'
	return 0
}
node_is_empty() { [ -z "$(node_leftovers "$1")" ]; }
