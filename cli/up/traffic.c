/* SPDX-License-Identifier: Apache-2.0 */
/*
 * traffic.c - where connections to a service go.
 */
#include "cli/up/traffic.h"

#include "cli/up/up.h"

int traffic_hold(const struct up *up, const struct up_service *service, struct error *e)
{
	(void)up;
	(void)service;
	(void)e;
	return 0;
}

int traffic_lead(const struct up *up, const struct up_service *service, const struct list *instances, struct error *e)
{
	(void)up;
	(void)service;
	(void)instances;
	(void)e;
	return 0;
}

void traffic_drain(const struct up *up, const struct up_service *service, const struct list *instances)
{
	(void)up;
	(void)service;
	(void)instances;
}
