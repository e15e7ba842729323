#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Docker Swarm: two machines, each with a dockerd whose default runtime is the one under test, joined in one swarm.
#
# The tests of this file build on one another, in their order. Services are found by name (endpoint mode dnsrr) and publish ports on their
# own machine (mode host): the virtual addresses and the ingress network of a swarm need IPVS, which a kernel without modules may lack.

load lib
load engines

setup_file() {
	world_needs dockerd containerd tini iptables jq || return 0
	world_begin
	machine_start first
	machine_start second
	machine_cable first 10.99.0.1/24 second 10.99.0.2/24
	docker_start first
	docker_start second
	docker_on first import -c 'ENV PATH=/bin' rootfs.tar base:1
	docker_on first tag base:1 base:2
	docker_on first save -o base.tar base:1 base:2
	docker_on second load -q -i base.tar
	docker_on first swarm init --advertise-addr 10.99.0.1 --data-path-addr 10.99.0.1 --dispatcher-heartbeat 2s
	docker_on second swarm join --advertise-addr 10.99.0.2 --data-path-addr 10.99.0.2 --token "$(docker_on first swarm join-token -q worker)" 10.99.0.1:2377
}
teardown_file() { world_end; }
setup() { test_begin; }

first() { docker_on first "$@"; }
second() { docker_on second "$@"; }
# running SERVICE [MACHINE]: how many tasks the swarm says are running, maybe on that machine.
running() { first service ps -f desired-state=running --format '{{.Node}} {{.CurrentState}}' "$1" | grep -c "^${2:-.*} Running"; }
has_running() { [ "$(running "$1" "${3:-}")" -eq "$2" ]; } # has_running SERVICE NUMBER [MACHINE]
containers() { docker_on "$1" ps -q -f "label=com.docker.swarm.service.name=$2"; } # containers MACHINE SERVICE
container() { containers "$@" | head -1; }
create() { first service create -q --detach --no-resolve-image --restart-delay 100ms --stop-grace-period 1s "$@"; }

@test "two machines are one swarm" {
	wait_until 20 eval '[ "$(first node ls --format "{{.Hostname}} {{.Status}}" | sort | paste -sd,)" = "first Ready,second Ready" ]'
}

@test "a replicated service runs through the runtime on both, with limits, secret, config, user and health check" {
	printf 'a secret' | first secret create password - >/dev/null
	printf 'a setting' | first config create settings - >/dev/null
	first network create -d overlay --attachable net >/dev/null
	create --name web --replicas 4 --network net --endpoint-mode dnsrr --publish mode=host,target=80 --limit-memory 64m --limit-cpu 0.5 --limit-pids 33 \
		--update-monitor 500ms --rollback-monitor 500ms --update-parallelism 2 --rollback-parallelism 2 --secret password --config src=settings,target=/settings --user app --env WORD=word --read-only --init --health-cmd true --health-interval 1s \
		base:1 sh -c 'trap "exit 0" TERM; while :; do echo served $HOSTNAME | nc -l -p 8080; done'
	wait_until 40 has_running web 4
	has_running web 2 first
	has_running web 2 second
	for machine in first second; do
		task=$(container $machine web)
		[ "$(docker_on $machine inspect -f '{{.HostConfig.Runtime}}' "$task")" = box ]
		run docker_on $machine exec "$task" sh -c "$LIMITS; id -un; cat /run/secrets/password /settings; echo; echo \$WORD; touch /x 2>/dev/null || echo read-only"
		expect_line "memory 67108864" "pids 33" "cpu 50000 100000" app "a secreta setting" word read-only
		wait_until 10 eval "[ \"\$(docker_on $machine inspect -f '{{.State.Health.Status}}' $task)\" = healthy ]"
	done
	[ "$(grep -c ' start ' calls)" -ge 4 ]
	expect_calls create start exec
}

@test "tasks of both machines find and reach each other over the overlay network" {
	run first exec "$(container first web)" sh -c 'nslookup tasks.web | grep -c "^Address.* 10\.0\."'
	[ "$(head -1 <<<"$output")" -ge 4 ]
	from=$(container first web)
	to=$(container second web)
	address=$(second inspect -f '{{.NetworkSettings.Networks.net.IPAddress}}' "$to")
	run first exec "$from" sh -c "nc -w 3 $address 8080 </dev/null"
	expect_has "served ${to:0:12}"
}

@test "scaled up and down" {
	first service scale -d web=6
	wait_until 40 has_running web 6
	[ "$(containers first web | wc -l)" -eq 3 ]
	[ "$(containers second web | wc -l)" -eq 3 ]
	first service scale -d web=2
	wait_until 40 eval 'has_running web 2 && [ $(containers first web | wc -l) -eq 1 ] && [ $(containers second web | wc -l) -eq 1 ]'
	expect_calls kill delete
}

@test "updated to another image and other limits, and rolled back" {
	first service update -q --detach --no-resolve-image --image base:2 --limit-memory 96m --update-delay 0s web
	wait_until 60 eval '[ "$(first service inspect -f "{{.UpdateStatus.State}}" web)" = completed ]'
	wait_until 20 has_running web 2
	for machine in first second; do
		[ "$(docker_on $machine inspect -f '{{.Config.Image}}' "$(container $machine web)")" = base:2 ]
		run docker_on $machine exec "$(container $machine web)" sh -c "$LIMITS"
		expect_line "memory 100663296"
	done
	first service rollback -q --detach web
	wait_until 60 eval '[ "$(first service inspect -f "{{.UpdateStatus.State}}" web)" = rollback_completed ]'
	[ "$(first inspect -f '{{.Config.Image}}' "$(container first web)")" = base:1 ]
}

@test "a task that ends is replaced, and the logs of a service come from both" {
	create --name turns --mode global base:1 sh -c 'echo turn on $HOSTNAME; sleep 1; exit 3'
	wait_until 30 eval '[ $(first service ps -f desired-state=shutdown -q turns | wc -l) -ge 2 ]'
	run first service ps --no-trunc --format '{{.Error}}' turns
	expect_has "non-zero exit (3)"
	run first service logs turns
	expect_has "@first" "@second" "turn on"
	first service rm turns
	task=$(container second web)
	on second kill -9 "$(second inspect -f '{{.State.Pid}}' "$task")"
	wait_until 30 eval '[ -n "$(container second web)" ] && [ "$(container second web)" != '"$task ]"
}

@test "a command that is not there is the task's error" {
	create --name broken --restart-condition none base:1 no-such-program
	wait_until 20 eval 'first service ps --no-trunc --format "{{.CurrentState}} {{.Error}}" broken | grep -q "no-such-program"'
	first service rm broken
}

@test "one machine dies: its tasks go on at the other" {
	first service scale -d web=4
	wait_until 40 eval 'has_running web 2 first && has_running web 2 second'
	: >calls
	machine_kill second
	wait_until 60 has_running web 4 first
	[ "$(containers first web | wc -l)" -eq 4 ]
	expect_calls create start
	run first node ls --format '{{.Hostname}} {{.Status}}'
	expect_line "second Down"
}

@test "the service is removed and nothing runs" {
	first service rm web
	wait_until 30 eval '[ -z "$(first ps -q)" ]'
}
