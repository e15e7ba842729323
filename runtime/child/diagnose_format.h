/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diagnose_format.h - what a program file asks the kernel for, read from its first bytes.
 */
#pragma once

#include <stddef.h>

enum program_format {
	FORMAT_UNREADABLE, /* this process may not read it */
	FORMAT_EMPTY,
	FORMAT_SCRIPT,    /* "#!": wanted is the interpreter */
	FORMAT_LONG_LINE, /* "#!" whose interpreter does not end within what the kernel reads */
	FORMAT_NO_SCRIPT, /* "#!" without an interpreter */
	FORMAT_ELF,       /* for this machine; wanted is the loader, "" for a static program */
	FORMAT_MACHINE,   /* ELF for another machine, whose name is in wanted */
	FORMAT_BROKEN_ELF,
	FORMAT_FOREIGN, /* of another system, whose name is in wanted */
	FORMAT_TEXT,
	FORMAT_UNKNOWN,
};

enum {
	FORMAT_LINE = 256,    /* how much of a script the kernel reads: BINPRM_BUF_SIZE, since Linux 5.1 */
	FORMAT_WANTED = 4096, /* PATH_MAX */
};

struct program_file {
	enum program_format format;
	char wanted[FORMAT_WANTED];
	int has_carriage_return; /* behind the interpreter */
};

/* Reads a regular file, bounded. */
void program_file_read(int fd, struct program_file *ret);

/* "x86_64": the machine that this program was compiled for. */
const char *program_machine(void);
