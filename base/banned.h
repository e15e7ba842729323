/* SPDX-License-Identifier: Apache-2.0 */
/*
 * banned.h - functions of libc that box never calls, and what to call instead.
 *
 * The Makefile puts this file in front of every source file. Each line declares the function again with an attribute that
 * turns a use into an error with the reason; libc's own declaration, which may follow, does not take it back.
 */
#pragma once

#include <stddef.h>

#define BANNED(reason) __attribute__((unavailable(reason)))

struct passwd;
struct group;
struct hostent;
struct addrinfo;
struct tm;
struct _IO_FILE;

/* No bound: the buffer's size is not an argument. */
char *strcpy(char *, const char *) BANNED("no bound: use text_add or alloc_copy");
char *strcat(char *, const char *) BANNED("no bound: use text_add");
char *stpcpy(char *, const char *) BANNED("no bound: use text_add");
int sprintf(char *, const char *, ...) BANNED("no bound: use text_addf or snprintf");
int vsprintf(char *, const char *, __builtin_va_list) BANNED("no bound: use vsnprintf");
char *gets(char *) BANNED("no bound: use file_read_fd");

/* A bound, but a result without its zero byte, or a bound that means something else than one thinks. */
char *strncpy(char *, const char *, size_t) BANNED("may leave the zero byte out: use snprintf or alloc_copy_bytes");
char *strncat(char *, const char *, size_t) BANNED("its bound is not the buffer's size: use text_add_bytes");

/* Numbers from outside: silent about overflow, spaces and what follows the digits. */
int atoi(const char *) BANNED("silent about bad input: use number_parse");
long atol(const char *) BANNED("silent about bad input: use number_parse");
long long atoll(const char *) BANNED("silent about bad input: use number_parse");
double atof(const char *) BANNED("silent about bad input, and follows the locale: use number_parse");

/* A hidden static state that a second caller overwrites. */
char *strtok(char *, const char *) BANNED("hidden state, and writes into its argument: use strcspn");
struct tm *localtime(const __typeof__(0L) *) BANNED("hidden state: use localtime_r");
struct tm *gmtime(const __typeof__(0L) *) BANNED("hidden state: use gmtime_r");
char *ctime(const __typeof__(0L) *) BANNED("hidden state: use strftime");
char *asctime(const struct tm *) BANNED("hidden state: use strftime");

/* A shell in the middle: what is quoted wrongly is executed. */
int system(const char *) BANNED("runs a shell: use process_run");
struct _IO_FILE *popen(const char *, const char *) BANNED("runs a shell: use process_run");

/* A static program cannot load the name services' libraries; and the container's users are in its own files, not in ours. */
struct passwd *getpwnam(const char *) BANNED("loads libraries at run time: read the container's /etc/passwd below its root");
struct passwd *getpwuid(unsigned) BANNED("loads libraries at run time: read /etc/passwd");
struct group *getgrnam(const char *) BANNED("loads libraries at run time: read the container's /etc/group below its root");
struct group *getgrgid(unsigned) BANNED("loads libraries at run time: read /etc/group");
int initgroups(const char *, unsigned) BANNED("asks the host's name services: use setgroups with the container's groups");
int getaddrinfo(const char *, const char *, const struct addrinfo *, struct addrinfo **) BANNED("loads libraries at run time");
struct hostent *gethostbyname(const char *) BANNED("loads libraries at run time");
void *dlopen(const char *, int) BANNED("a static program loads nothing");

/* A name is made here and opened there: somebody else can be faster. */
char *tmpnam(char *) BANNED("a race between name and open: use file_replace or mkostemp");
char *tempnam(const char *, const char *) BANNED("a race between name and open: use file_replace or mkostemp");
char *mktemp(char *) BANNED("a race between name and open: use file_replace or mkostemp");
