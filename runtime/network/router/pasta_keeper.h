/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pasta_keeper.h - the process that begins pasta, and keeps it (pasta.h). Private to the two files.
 *
 *     to the keeper   "begin DEVICE" with the router's network namespace
 *     from it         "began 4|6|46": it was begun, for these versions of IP; "failed …" (supervise/control.h): it cannot be begun now;
 *                     "ended": it has ended. After both it is begun again later
 */
#pragma once

/* What the device has. The keeper and box-net are the only ones that know it: each pasta is a world of its own. */
#define PASTA_OWN4 "10.203.252.1"
#define PASTA_PEER4 "10.203.252.0"
#define PASTA_OWN6 "fd62:6f78:ffff::1"
#define PASTA_PEER6 "fd62:6f78:ffff::2"

/* The keeper's whole life; socket is one end of a pair. */
_Noreturn void pasta_keep(int socket);
