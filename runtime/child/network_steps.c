/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network_steps.c - the network of a container without one: loopback.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "runtime/child/steps.h"
#include "specs/container.h"

int step_loopback(struct child *c, struct error *e)
{
	struct ifreq request = { .ifr_name = "lo" };
	autoclose int fd = -1;

	if (!container_has_namespace(c->container, NAMESPACE_NETWORK))
		return 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_sys(e, "open a socket to set up loopback");
	if (ioctl(fd, SIOCGIFFLAGS, &request))
		return error_sys(e, "look at the loopback interface");
	request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		return error_sys(e, "bring the loopback interface up");
	return 0;
}
