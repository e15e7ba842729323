/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange.c - go on from another file that holds the same program.
 *
 * Nothing of the present file may stay: not its mappings, which hold the file open, and not mm->exe_file, which /proc/PID/exe leads to.
 *
 * - What cannot be written is mapped anew from the other file, in place: the bytes are the same, so that the code that does this runs on.
 * - What can be written has been changed since the start. It is copied, and the copy moved to where it was.
 * - prctl(PR_SET_MM) sets the link. The kernel refuses while the present file is still mapped anywhere (EBUSY), which proves the first
 *   two. It wants CAP_SYS_RESOURCE, or, together with all limits of the address space (which stay), CAP_SYS_ADMIN.
 */
#include "runtime/launch/exchange.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/process.h"

/* One loaded segment, as the kernel mapped it: whole pages. */
struct segment {
	uintptr_t at;
	size_t length;
	off_t offset;
	int protection;
	bool is_written;
};

/* Where the program was loaded, against the addresses that its file names. */
static uintptr_t load_bias(const ElfW(Phdr) *headers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (headers[i].p_type == PT_PHDR)
			return (uintptr_t)headers - headers[i].p_vaddr;
	/* A static program has no PT_PHDR: the headers follow the ELF header, which is the first that is loaded. */
	for (size_t i = 0; i < count; i++)
		if (headers[i].p_type == PT_LOAD && headers[i].p_offset == 0)
			return (uintptr_t)headers - sizeof(ElfW(Ehdr)) - headers[i].p_vaddr;
	return 0;
}

static struct segment segment_of(const ElfW(Phdr) *header, uintptr_t bias, uintptr_t page)
{
	uintptr_t start = (bias + header->p_vaddr) & ~(page - 1);
	uintptr_t end = (bias + header->p_vaddr + header->p_filesz + page - 1) & ~(page - 1);

	return (struct segment){
		.at = start, .length = end - start, .offset = (off_t)(header->p_offset & ~(page - 1)),
		.protection = (header->p_flags & PF_R ? PROT_READ : 0) | (header->p_flags & PF_X ? PROT_EXEC : 0),
		.is_written = (header->p_flags & PF_W) != 0,
	};
}

/* The part of a written segment that was made read-only after the relocations: the copy is again. */
static int protect_again(const ElfW(Phdr) *headers, size_t count, uintptr_t bias, uintptr_t page)
{
	for (size_t i = 0; i < count; i++) {
		uintptr_t start = (bias + headers[i].p_vaddr) & ~(page - 1);
		uintptr_t end = (bias + headers[i].p_vaddr + headers[i].p_memsz) & ~(page - 1);

		if (headers[i].p_type == PT_GNU_RELRO && end > start && mprotect((void *)start, end - start, PROT_READ))
			return -1;
	}
	return 0;
}

static int replace(const struct segment *segment, int file)
{
	void *const at = (void *)segment->at;
	void *copy;

	if (!segment->is_written)
		return mmap(at, segment->length, segment->protection, MAP_PRIVATE | MAP_FIXED, file, segment->offset) == at ? 0 : -1;
	copy = mmap(NULL, segment->length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (copy == MAP_FAILED)
		return -1;
	/* From here to its return mremap is the only one to look at these bytes, and it runs in registers. */
	memcpy(copy, at, segment->length);
	if (syscall(SYS_mremap, copy, segment->length, segment->length, MREMAP_MAYMOVE | MREMAP_FIXED, at) == (long)segment->at)
		return 0;
	(void)munmap(copy, segment->length); /* the cause is what counts */
	return -1;
}

/* What prctl(PR_SET_MM) wants to be told again (proc(5), /proc/PID/stat: the fields from 26 on). */
static int read_limits(struct prctl_mm_map *ret)
{
	enum { START_CODE = 26, END_CODE, START_STACK, START_DATA = 45, END_DATA, START_BRK, ARG_START, ARG_END, ENV_START, ENV_END, FIELDS };
	uint64_t fields[FIELDS] = { 0 };

	if (process_stat_fields(getpid(), fields, FIELDS))
		return -1;
	*ret = (struct prctl_mm_map){
		.start_code = fields[START_CODE], .end_code = fields[END_CODE], .start_data = fields[START_DATA],
		.end_data = fields[END_DATA], .start_brk = fields[START_BRK], .brk = (uint64_t)(uintptr_t)sbrk(0),
		.start_stack = fields[START_STACK], .arg_start = fields[ARG_START], .arg_end = fields[ARG_END],
		.env_start = fields[ENV_START], .env_end = fields[ENV_END],
	};
	return 0;
}

/* CAP_SYS_RESOURCE is enough for the link alone; the other call does with CAP_SYS_ADMIN. */
static int set_link(int file, struct error *e)
{
	struct prctl_mm_map limits;

	if (prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, (unsigned long)file, 0, 0) == 0)
		return 0;
	if (read_limits(&limits))
		return error_set(e, ERROR_KERNEL, "read the limits of this process' memory");
	limits.exe_fd = (uint32_t)file;
	if (prctl(PR_SET_MM, PR_SET_MM_MAP, &limits, sizeof limits, 0))
		return error_sys(e, "exchange the file of this process");
	return 0;
}

int exchange_program(int file, struct error *e)
{
	const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	size_t count = getauxval(AT_PHNUM);
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t bias = load_bias(headers, count);

	for (size_t i = 0; i < count; i++)
		if (headers[i].p_type == PT_INTERP)
			return error_set(e, ERROR_UNSUPPORTED, "exchange the file of this process: it has a dynamic loader, which knows the present one");
	for (size_t i = 0; i < count; i++) {
		struct segment segment = segment_of(&headers[i], bias, page);

		if (headers[i].p_type == PT_LOAD && segment.length && replace(&segment, file))
			return error_sys(e, "map the program anew");
	}
	if (protect_again(headers, count, bias, page))
		return error_sys(e, "protect the relocated part of the program");
	return set_link(file, e);
}
