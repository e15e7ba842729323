/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sanitized.h - whether this is built with AddressSanitizer, whose own code makes calls and takes memory that a sandbox forbids.
 */
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1 /* gcc */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1 /* clang */
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif
