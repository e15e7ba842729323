/* SPDX-License-Identifier: Apache-2.0 */
/*
 * other_clock.c - another time of day for one process: other code in the place of the vDSO's clock.
 *
 * Where that is, is the same in every process of a kernel, counted from the vDSO's beginning; so this process' own one is asked. The
 * beginning of another's is in its auxiliary vector, which is the kernel's word while the process stands at the end of its exec.
 */
#include "runtime/child/other_clock.h"

#ifdef __x86_64__
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define SHIFT 0, 0, 0, 0 /* filled in */

/* ENDBR64; the system call; where it went well, the shift is added to the seconds of a clock that tells the time of day. */
static const unsigned char gettime_code[] = {
	0xf3, 0x0f, 0x1e, 0xfa, 0xba, 0x63, 0x78, 0x6f, 0x62, /* mov edx, MARK */
	0xb8, SYS_clock_gettime, 0, 0, 0, 0x0f, 0x05,         /* mov eax, …; syscall */
	0x85, 0xc0, 0x75, 0x15,                               /* test eax, eax; jne end */
	0x85, 0xff, 0x74, 0x0a,                               /* test edi, edi; je add: CLOCK_REALTIME */
	0x83, 0xff, CLOCK_REALTIME_COARSE, 0x74, 0x05,        /* cmp edi, …; je add */
	0x83, 0xff, CLOCK_TAI, 0x75, 0x07,                    /* cmp edi, …; jne end */
	0x48, 0x81, 0x06, SHIFT,                              /* add: add qword [rsi], shift */
	0xc3,                                                 /* end: ret */
};
static const unsigned char gettimeofday_code[] = {
	0xf3, 0x0f, 0x1e, 0xfa, 0xba, 0x63, 0x78, 0x6f, 0x62, /* mov edx, MARK */
	0xb8, SYS_gettimeofday, 0, 0, 0, 0x0f, 0x05,          /* mov eax, …; syscall */
	0x85, 0xc0, 0x75, 0x0c,                               /* test eax, eax; jne end */
	0x48, 0x85, 0xff, 0x74, 0x07,                         /* test rdi, rdi; je end */
	0x48, 0x81, 0x07, SHIFT,                              /* add qword [rdi], shift */
	0xc3,                                                 /* end: ret */
};
static const unsigned char time_code[] = {
	0xf3, 0x0f, 0x1e, 0xfa, 0xba, 0x63, 0x78, 0x6f, 0x62, /* mov edx, MARK */
	0xb8, SYS_time, 0, 0, 0, 0x0f, 0x05,                  /* mov eax, …; syscall */
	0x48, 0x05, SHIFT,                                    /* add rax, shift */
	0x48, 0x85, 0xff, 0x74, 0x03,                         /* test rdi, rdi; je end */
	0x48, 0x89, 0x07,                                     /* mov [rdi], rax */
	0xc3,                                                 /* end: ret */
};

static const struct patch {
	const char *symbol;
	const unsigned char *code;
	size_t length, shift_at;
} patches[] = {
	{ "__vdso_clock_gettime", gettime_code, sizeof gettime_code, 37 },
	{ "__vdso_gettimeofday", gettimeofday_code, sizeof gettimeofday_code, 28 },
	{ "__vdso_time", time_code, sizeof time_code, 18 },
};

enum { PATCHES = 3 };

/* Where each is, counted from the vDSO's beginning; 0: nowhere. */
struct places_found {
	size_t offsets[PATCHES];
};

/* The kernel's own file, which this process has in its memory: as well-formed as the kernel is. */
static void find_places(struct places_found *ret)
{
	const char *base = (const char *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)base;
	const Elf64_Shdr *sections = base ? (const Elf64_Shdr *)(base + head->e_shoff) : NULL;

	*ret = (struct places_found){ 0 };
	for (size_t i = 0; sections && i < head->e_shnum; i++) {
		const Elf64_Sym *symbols = (const Elf64_Sym *)(base + sections[i].sh_offset);
		const char *names = sections[i].sh_type == SHT_DYNSYM ? base + sections[sections[i].sh_link].sh_offset : NULL;

		for (size_t n = 0; names && n < sections[i].sh_size / sizeof *symbols; n++)
			for (size_t p = 0; p < PATCHES; p++)
				if (strcmp(names + symbols[n].st_name, patches[p].symbol) == 0 && symbols[n].st_size >= patches[p].length)
					ret->offsets[p] = symbols[n].st_value;
	}
}

/* 0: it has none, or one of 32 bits. */
static uint64_t vdso_of(pid_t pid)
{
	char path[32];
	Elf64_auxv_t items[64];
	ssize_t got;
	autoclose int fd = -1;

	(void)snprintf(path, sizeof path, "/proc/%d/auxv", (int)pid); /* always fits */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, items, sizeof items);
	for (size_t i = 0; got > 0 && i < (size_t)got / sizeof *items; i++)
		if (items[i].a_type == AT_SYSINFO_EHDR)
			return items[i].a_un.a_val;
	return 0;
}

static void add_to_word(pid_t pid, uint64_t at, int64_t added)
{
	uint64_t word;

	errno = 0;
	word = (uint64_t)ptrace(PTRACE_PEEKDATA, pid, (void *)at, NULL);
	if (errno == 0)
		(void)ptrace(PTRACE_POKEDATA, pid, (void *)at, (void *)(word + (uint64_t)added));
}

void other_clock_answer(pid_t pid, struct user_regs_struct *regs, int32_t seconds)
{
	bool is_day = regs->rdi == CLOCK_REALTIME || regs->rdi == CLOCK_REALTIME_COARSE || regs->rdi == CLOCK_TAI;

	if (regs->orig_rax == SYS_clock_gettime && is_day)
		add_to_word(pid, regs->rsi, seconds);
	if ((regs->orig_rax == SYS_gettimeofday || regs->orig_rax == SYS_time) && regs->rdi)
		add_to_word(pid, regs->rdi, seconds);
	if (regs->orig_rax == SYS_time) {
		regs->rax += (uint64_t)seconds;
		(void)ptrace(PTRACE_SETREGS, pid, NULL, regs);
	}
}

static void write_code(pid_t pid, uint64_t at, const struct patch *patch, int32_t seconds)
{
	unsigned char code[64];
	uint64_t word;

	memcpy(code, patch->code, patch->length);
	memcpy(code + patch->shift_at, &seconds, sizeof seconds);
	for (size_t i = 0; i < patch->length; i += sizeof word) {
		size_t part = patch->length - i < sizeof word ? patch->length - i : sizeof word;

		errno = 0;
		word = (uint64_t)ptrace(PTRACE_PEEKDATA, pid, (void *)(at + i), NULL);
		if (errno)
			return; /* it has gone, or nobody may look into it: it keeps the host's time */
		memcpy(&word, code + i, part);
		(void)ptrace(PTRACE_POKEDATA, pid, (void *)(at + i), (void *)word);
	}
}

void other_clock_install(pid_t pid, int32_t seconds)
{
	struct places_found found;
	uint64_t base = vdso_of(pid);

	find_places(&found);
	for (size_t p = 0; base && p < PATCHES; p++)
		if (found.offsets[p])
			write_code(pid, base + found.offsets[p], &patches[p], seconds);
}
#endif
