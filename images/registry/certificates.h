/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificates.h - whom TLS trusts, and who the caller is by certificate.
 *
 *     /etc/ssl/certs/ca-certificates.crt                                    the host's (or what SSL_CERT_FILE names)
 *     certs.d/HOST[:PORT]/NAME.crt                                          authorities for that registry, beside those
 *     certs.d/HOST[:PORT]/NAME.cert and NAME.key                            the caller's own
 *
 * certs.d lies below /etc/docker, /etc/containers, /etc/box and, for a user, $XDG_CONFIG_HOME/containers and $XDG_CONFIG_HOME/box.
 */
#pragma once

struct endpoint;
struct error;

int certificates_read(struct endpoint *endpoint, struct error *e);
