/* SPDX-License-Identifier: Apache-2.0 */
/*
 * firewall.c - commands of nft(8), by libnftables.
 */
#include "runtime/network/router/firewall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <nftables/libnftables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"

struct firewall {
	struct nft_ctx *nft;
};

struct firewall *firewall_open(struct error *e)
{
	struct firewall *firewall = alloc_zeroed(1, sizeof *firewall);

	firewall->nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (firewall->nft && nft_ctx_buffer_error(firewall->nft) == 0 && nft_ctx_buffer_output(firewall->nft) == 0)
		return firewall;
	error_set(e, ERROR_KERNEL, "open the kernel's packet filter");
	error_hint(e, "this kernel has no nf_tables: modprobe nf_tables");
	firewall_free(firewall);
	return NULL;
}

void firewall_free(struct firewall *firewall)
{
	if (firewall && firewall->nft)
		nft_ctx_free(firewall->nft);
	free(firewall);
}

const char *firewall_list(struct firewall *firewall, const char *command)
{
	return nft_run_cmd_from_buffer(firewall->nft, command) == 0 ? nft_ctx_get_output_buffer(firewall->nft) : NULL;
}

int firewall_run(struct firewall *firewall, const char *commands, struct error *e)
{
	const char *said;

	if (nft_run_cmd_from_buffer(firewall->nft, commands) == 0)
		return 0;
	said = nft_ctx_get_error_buffer(firewall->nft);
	error_set(e, ERROR_KERNEL, "change the rules of a network: %.*s", (int)strcspn(said, "\n"), said);
	return error_hint(e, "a kernel module may be missing: modprobe -a nft_fib_inet nft_nat nft_masq nft_reject_inet nft_socket nft_numgen");
}

static struct nlmsghdr *add_message(char *at, uint16_t type, uint16_t flags, uint8_t family, uint16_t subsystem)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(at);
	struct nfgenmsg *body = mnl_nlmsg_put_extra_header(message, sizeof *body);

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	*body = (struct nfgenmsg){ .nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(subsystem) };
	return message;
}

/* A transaction of one message, between its begin and its end. */
static size_t add_removal(char *at)
{
	const char *start = at;
	struct nlmsghdr *removal;

	at = mnl_nlmsg_get_payload_tail(add_message(at, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	removal = add_message(at, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE, NLM_F_ACK, NFPROTO_INET, 0);
	mnl_attr_put_strz(removal, NFTA_TABLE_NAME, "box");
	at = mnl_nlmsg_get_payload_tail(removal);
	at = mnl_nlmsg_get_payload_tail(add_message(at, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	return (size_t)(at - start);
}

/* The first message of the answer to what lies in bytes is there afterwards. -1 with errno. */
static int ask(char *bytes, size_t length, size_t size)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	autoclose int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	ssize_t got;

	if (fd < 0 || sendto(fd, bytes, length, 0, (const struct sockaddr *)&kernel, sizeof kernel) < 0 || (got = recv(fd, bytes, size, 0)) < 0)
		return -1;
	errno = EPROTO;
	return mnl_nlmsg_ok((const struct nlmsghdr *)(const void *)bytes, (int)got) ? 0 : -1;
}

/* errno of an answer that is one; -1: it is something else. */
static int error_of(const struct nlmsghdr *answer)
{
	return answer->nlmsg_type == NLMSG_ERROR ? -((const struct nlmsgerr *)mnl_nlmsg_get_payload(answer))->error : -1;
}

int firewall_remove(struct error *e)
{
	_Alignas(struct nlmsghdr) char bytes[1024] = { 0 };
	int why;

	if (ask(bytes, add_removal(bytes), sizeof bytes))
		return error_sys(e, "remove the rules of networks");
	why = error_of((const void *)bytes);
	if (why < 0)
		return error_set(e, ERROR_KERNEL, "remove the rules of networks: the kernel's answer is not understood");
	errno = why;
	return errno && errno != ENOENT ? error_sys(e, "remove the rules of networks") : 0;
}

bool firewall_lacks_chain(const char *name)
{
	_Alignas(struct nlmsghdr) char bytes[1024] = { 0 };
	struct nlmsghdr *question = add_message(bytes, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, 0, NFPROTO_INET, 0);

	mnl_attr_put_strz(question, NFTA_CHAIN_TABLE, "box");
	mnl_attr_put_strz(question, NFTA_CHAIN_NAME, name);
	return ask(bytes, question->nlmsg_len, sizeof bytes) == 0 && error_of((const void *)bytes) == ENOENT;
}
