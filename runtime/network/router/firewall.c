/* SPDX-License-Identifier: Apache-2.0 */
/*
 * firewall.c - commands of nft(8), by libnftables.
 */
#include "runtime/network/router/firewall.h"

#include <nftables/libnftables.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
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
