/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power.c - what box-net may do once it has begun.
 *
 * It reads what members send. NET_ADMIN is for links, rules and routes, NET_RAW and NET_BIND_SERVICE for transparent sockets and the ports
 * of clients, SYS_ADMIN for the way into the host's network namespace and back.
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "runtime/network/router/router.h"

int router_give_up_power(struct error *e)
{
	const uint32_t held = 1U << CAP_NET_ADMIN | 1U << CAP_NET_RAW | 1U << CAP_NET_BIND_SERVICE | 1U << CAP_SYS_ADMIN;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { { .effective = held, .permitted = held } };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_capset, &header, sets))
		return error_sys(e, "give up what the process of a network does not need");
	return 0;
}
