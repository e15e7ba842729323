#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Kubernetes: two nodes whose containerd runs every pod through the runtime under test (make check-kube).
#
# The tests of this file build on one another, in their order.

load ../system/lib
load ../system/engines
load cluster

BATS_TEST_TIMEOUT=180

setup_file() {
	cluster_needs || return 0
	cluster_begin
}
teardown_file() { world_end; }
setup() { test_begin; }

@test "a deployment runs on both nodes, after its init container, with probes and limits" {
	apply web
	wait_until 90 have_pods app=web 4
	have_pods app=web 2 first
	have_pods app=web 2 second
	for node in first second; do
		pod=$(pods app=web $node | head -1)
		run kubectl exec "$pod" -- sh -c "$LIMITS"
		expect_line "memory 67108864" "cpu 20000 100000"
		run kubectl logs "$pod"
		expect_line prepared "started on $node"
	done
	expect_calls create start exec
	# The pause container, the init container and the container itself of each.
	[ "$(grep -c ' create ' calls)" -ge 12 ]
}

@test "settings, secrets, volumes and the hook of a container are in it" {
	run kubectl exec "$(pods app=web second | head -1)" -- sh -c 'echo $WORD; cat /settings/file /one-setting /password/password; echo; cat /work/post-start; stat -c %g /work; ls /var/run/secrets/kubernetes.io/serviceaccount'
	expect_line "from the map" "a settinga settinga secret" hook 2000 token
	run kubectl exec "$(pods app=web first | head -1)" -- sh -c 'echo x >/settings/file; echo x >/password/password; echo x >/one-setting; echo end'
	[ "$(grep -c 'Read-only file system' <<<"$output")" -eq 3 ]
}

@test "the security context: user, groups, read-only root, no capabilities, no new privileges, seccomp" {
	run kubectl exec "$(pods app=web first | head -1)" -- sh -c 'id; echo x >/x; grep -E "^(Cap...|NoNewPrivs|Seccomp|Uid):" /proc/1/status; unshare -r true'
	expect_has "uid=1000(app) gid=1000(app)" "2000" "/x: Read-only file system" "unshare"
	expect_line "$(printf 'Uid:\t1000\t1000\t1000\t1000')" "$(printf 'NoNewPrivs:\t1')" "$(printf 'Seccomp:\t2')" "$(printf 'CapBnd:\t0000000000000000')" \
		"$(printf 'CapEff:\t0000000000000000')" "$(printf 'CapPrm:\t0000000000000000')" "$(printf 'CapInh:\t0000000000000000')"
}

@test "pods of both nodes reach each other" {
	from=$(pods app=web first | head -1)
	to=$(pods app=web second | head -1)
	run kubectl exec "$from" -- sh -c "printf 'GET /index.html HTTP/1.0\r\n\r\n' | nc -w 3 $(of_pod "$to" .status.podIP) 8080"
	expect_line "$to"
}

@test "exec: exit code, stdin, and a terminal" {
	pod=$(pods app=web second | head -1)
	run kubectl exec "$pod" -- sh -c 'echo out; echo err >&2; exit 42'
	expect_status 42
	expect_line out err
	[ "$(echo word | kubectl exec -i "$pod" -- cat)" = word ]
	: >calls
	run terminal kubectl exec -it "$pod" -- sh -c 'tty; test -t 0 && test -t 1; echo $?; exit 5'
	expect_status 5
	expect_line /dev/pts/0 0
	grep -q -- '--console-socket' calls
	run kubectl exec "$pod" -- no-such-program
	[ "$status" -ne 0 ]
	expect_has no-such-program
}

@test "files are copied in and out, and a port is forwarded" {
	pod=$(pods app=web second | head -1)
	printf 'some bytes' >given
	kubectl cp given "$pod:/work/given"
	kubectl cp "$pod:/work/given" taken
	cmp given taken
	# It ends with the machine.
	kubectl port-forward "$pod" 18080:8080 >forward.log 2>&1 3>&- &
	wait_until 10 grep -q 'Forwarding from 127.0.0.1' forward.log
	run on first sh -c "printf 'GET /index.html HTTP/1.0\r\n\r\n' | busybox nc -w 3 127.0.0.1 18080"
	expect_line "$pod"
}

@test "a container that is not ready gets no requests, and is not restarted" {
	pod=$(pods app=web first | head -1)
	kubectl exec "$pod" -- rm /work/ready
	wait_until 90 have_pods app=web 3
	sleep 3
	[ "$(of_pod "$pod" '.status.containerStatuses[0].restartCount')" = 0 ]
	kubectl exec "$pod" -- touch /work/ready
	wait_until 90 have_pods app=web 4
}

@test "a container that does not live is restarted, and its old log is kept" {
	pod=$(pods app=web second | head -1)
	kubectl exec "$pod" -- rm /work/alive
	wait_until 90 eval '[ "$(of_pod "$pod" ".status.containerStatuses[0].restartCount")" = 1 ] && have_pods app=web 4'
	run kubectl get events --field-selector "involvedObject.name=$pod" -o 'jsonpath={range .items[*]}{.reason} {.message}{"\n"}{end}'
	expect_has "Liveness probe failed" "failed liveness probe, will be restarted"
	run kubectl logs --previous "$pod"
	expect_line "started on second"
	expect_calls kill delete
}

@test "the deployment is scaled, updated and rolled back" {
	kubectl scale deployment web --replicas 6
	wait_until 90 have_pods app=web 6
	kubectl set env deployment web WORD=changed
	kubectl rollout status --timeout 90s deployment web
	[ "$(kubectl exec "$(pods app=web | head -1)" -- sh -c 'echo $WORD')" = changed ]
	kubectl rollout undo deployment web
	kubectl rollout status --timeout 90s deployment web
	kubectl scale deployment web --replicas 4
	wait_until 90 have_pods app=web 4
	[ "$(kubectl exec "$(pods app=web | head -1)" -- sh -c 'echo $WORD')" = "from the map" ]
}

@test "jobs: three times to the end, and one that fails and says why" {
	apply jobs
	kubectl wait --for condition=complete --timeout 90s job/three
	[ "$(kubectl logs -l job-name=three | grep -c '^done by three-')" -eq 3 ]
	kubectl wait --for condition=failed --timeout 90s job/failing
	run kubectl get pods -l job-name=failing -o json
	[ "$(jq -r '.items[0].status.containerStatuses[0].state.terminated | "\(.exitCode) \(.reason) \(.message)"' <<<"$output")" = "42 Error no luck" ]
	kubectl delete job three failing
}

@test "two containers of a pod share processes, network and a tmpfs; names, labels and sysctls" {
	apply pods
	kubectl wait --for condition=ready --timeout 90s pod/pair
	run kubectl exec pair -c two -- sh -c 'pwd; cat file; hostname; cat /about/labels; echo; cat /proc/sys/net/ipv4/ip_local_port_range; ps | grep -c "[n]c -ll"; stat -f -c %T .; nc -w 1 127.0.0.1 7000 </dev/null'
	expect_line /shared "from one" both 'color="green"' "$(printf '40000\t50000')" 1 tmpfs "served by one"
	run kubectl exec pair -c two -- grep elsewhere /etc/hosts
	expect_has 192.0.2.1
}

@test "a privileged pod on the host's network, processes and IPC; what it mounts is mounted on the node" {
	kubectl wait --for condition=ready --timeout 90s pod/host
	node=$(of_pod host .spec.nodeName)
	run kubectl exec host -- sh -c 'hostname; ps | grep -c "[k]ubelet --kubeconfig"; cat /proc/self/status | grep CapEff; test -e /dev/kmsg && echo kmsg; mkdir -p /host/run/m && mount -t tmpfs mine /host/run/m && touch /host/run/m/there'
	expect_status 0
	expect_line "$node" 1 kmsg "$(grep CapBnd /proc/self/status | sed s/Bnd/Eff/)"
	for namespace in net ipc pid; do
		[ "$(kubectl exec host -- readlink /proc/self/ns/$namespace)" = "$(on "$node" readlink /proc/self/ns/$namespace)" ]
	done
	on "$node" test -e /run/given/m/there
	kubectl exec host -- umount /host/run/m
	on "$node" test ! -e /run/given/m/there
}

@test "a RuntimeClass chooses the handler, and one without a handler is the pod's event" {
	kubectl wait --for condition=ready --timeout 90s pod/classy
	run kubectl exec classy -- echo through the class
	expect_line "through the class"
	grep -qE '^class .* exec ' calls
	apply ends
	wait_until 90 eval 'kubectl get events --field-selector involvedObject.name=nowhere | grep -q "no runtime for \"nowhere\" is configured"'
	kubectl delete pod nowhere
}

@test "somebody attaches to a pod and types" {
	kubectl wait --for condition=ready --timeout 90s pod/typed
	run eval 'echo word | kubectl attach -i typed'
	expect_has "got word"
	wait_until 90 pod_is typed Succeeded
}

@test "out of memory: the pod says OOMKilled" {
	wait_until 90 pod_is hungry Failed
	[ "$(of_pod hungry '.status.containerStatuses[0].state.terminated | "\(.exitCode) \(.reason)"')" = "137 OOMKilled" ]
}

@test "too many processes: the pod's limit holds, the node's others go on" {
	wait_until 90 eval '[ -n "$(kubectl logs forking)" ]'
	run kubectl logs forking
	expect_has "can't fork"
	expect_not "all 200 run"
}

@test "what crashes is started again; what cannot be started says why" {
	wait_until 90 eval '[ "$(of_pod crashing ".status.containerStatuses[0].restartCount")" -ge 2 ]'
	[ "$(of_pod crashing '.status.containerStatuses[0].lastState.terminated.exitCode')" = 3 ]
	for pod in missing:no-such-program:"not found" forbidden:/etc/passwd:"ermission denied"; do
		IFS=: read -r name program why <<<"$pod"
		wait_until 90 pod_is "$name" Failed
		run of_pod "$name" '.status.containerStatuses[0].state.terminated | "\(.reason): \(.message)"'
		expect_has "$program" "$why" StartError
	done
}

has_figures() { # has_figures NODE POD
	kubectl get --raw "/api/v1/nodes/$1/proxy/stats/summary" | jq -e --arg pod "$2" '.pods[] | select(.podRef.name == $pod) | .containers[]
		| select(.memory.workingSetBytes > 100000 and .cpu.usageCoreNanoSeconds > 1000000)'
}

@test "the figures of the kubelet: memory and processor time of containers" {
	pod=$(pods app=web first | head -1)
	wait_until 90 has_figures first "$pod"
}

@test "a pod that is deleted ends in its own time, after its hook" {
	kubectl wait --for condition=ready --timeout 90s pod/orderly
	node=$(of_pod orderly .spec.nodeName)
	began=$SECONDS
	kubectl delete pod orderly
	[ $((SECONDS - began)) -lt $(slowly 15) ]
	run on "$node" cat /run/given/before /run/given/orderly
	expect_line before closed
}

@test "everything is deleted: neither node keeps anything of it" {
	kubectl delete deployment,pod --all --timeout 90s
	wait_until 90 no_pods
	for node in first second; do
		wait_until 90 node_is_empty $node || { node_leftovers $node >&2; return 1; }
	done
}

@test "a node dies: its pods go on at the other" {
	apply web
	wait_until 90 eval 'have_pods app=web 2 first && have_pods app=web 2 second'
	: >calls
	machine_kill second
	wait_until 90 have_pods app=web 4 first || { state >&2; return 1; }
	expect_calls create start
	[ "$(kubectl get node second -o json | jq -r '.status.conditions[] | select(.type == "Ready").status')" = Unknown ]
}
