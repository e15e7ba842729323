/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint.c - where an image may be had.
 */
#include "images/registry/endpoint.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"

static void forget(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

void credentials_release(struct credentials *credentials)
{
	int saved = errno;

	forget(&credentials->user);
	forget(&credentials->password);
	forget(&credentials->identity);
	errno = saved;
}

char *credentials_encode(const struct credentials *credentials)
{
	autofree char *plain = text_format("%s:%s", credentials->user, credentials->password);
	size_t length = strlen(plain);
	char *coded = alloc_zeroed(1, 4 * (length / 3 + 1) + 1);

	(void)EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)plain, (int)length); /* writes as much as was allocated */
	explicit_bzero(plain, length);
	return coded;
}

static void endpoint_release(struct endpoint *endpoint)
{
	free(endpoint->host);
	free(endpoint->address);
	free(endpoint->repository);
	credentials_release(&endpoint->credentials);
	list_release(&endpoint->token_hosts);
	free(endpoint->authorities);
	free(endpoint->certificate);
	forget(&endpoint->key);
}

void plan_release(struct plan *plan)
{
	int saved = errno;

	for (size_t i = 0; i < plan->count; i++)
		endpoint_release(&plan->endpoints[i]);
	free(plan->endpoints);
	image_name_release(&plan->name);
	*plan = (struct plan){ 0 };
	errno = saved;
}
