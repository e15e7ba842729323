/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink.h - the few messages of rtnetlink(7) that box needs.
 */
#pragma once

#include <stddef.h>
#include <linux/rtnetlink.h>

struct error;

enum { NETLINK_ATTRIBUTES = 512 };

/* A request; attributes are added with netlink_add. */
struct netlink_request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
		struct rtmsg route;
		struct ndmsg neighbour;
	};
	char attributes[NETLINK_ATTRIBUTES];
};

/* A socket in the caller's network namespace; in the one behind namespace, where that is not -1. */
int netlink_open(int namespace, struct error *e);

/* An empty request: RTM_* with the size of its own struct. */
void netlink_begin(struct netlink_request *request, unsigned short type, unsigned short flags, size_t size);
void netlink_add(struct netlink_request *request, unsigned short type, const void *data, size_t length);

/* Attributes that are added between the two lie in one of that type; begin's result is end's. */
size_t netlink_nest(struct netlink_request *request, unsigned short type);
void netlink_end(struct netlink_request *request, size_t nest);

/* Raw bytes behind what is there: a struct inside a nest. */
void netlink_add_struct(struct netlink_request *request, const void *data, size_t length);

/* Sends it and waits for the kernel's word: 0, or -1 with errno. */
int netlink_ask(int socket, struct netlink_request *request);

/* Brings a device up, by its index. -1 with errno. */
int netlink_set_up(int socket, unsigned device);

/* Asks for all objects of a kind; visit gets each, and ends the walk early with other than 0. -1 with errno. */
int netlink_list(int socket, struct netlink_request *request, int (*visit)(const struct nlmsghdr *message, void *data), void *data);

/* One attribute of a message whose own struct has so many bytes, or NULL. */
const struct rtattr *netlink_find(const struct nlmsghdr *message, size_t size, unsigned short type);
