/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diagnose_format.c - what a program file asks the kernel for, read from its first bytes.
 *
 * The file is hostile: every offset and length is checked against what was read, and every read is bounded.
 */
#include "runtime/child/diagnose_format.h"

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	HEAD = 1024,
	PROGRAM_HEADERS = 64, /* of which the loader's place is one; real programs have about a dozen */
	EM_LOONGARCH_NUMBER = 258,
};

static const struct {
	unsigned number;
	const char *name;
} machines[] = {
	{ EM_386, "i386" },
	{ EM_X86_64, "x86_64" },
	{ EM_AARCH64, "aarch64" },
	{ EM_ARM, "arm" },
	{ EM_PPC64, "ppc64" },
	{ EM_PPC, "ppc" },
	{ EM_S390, "s390x" },
	{ EM_RISCV, "riscv" },
	{ EM_MIPS, "mips" },
	{ EM_SPARCV9, "sparc64" },
	{ EM_LOONGARCH_NUMBER, "loongarch" },
};

#if defined(__x86_64__)
enum { OWN_MACHINE = EM_X86_64, SECOND_MACHINE = EM_386 };
#elif defined(__aarch64__)
enum { OWN_MACHINE = EM_AARCH64, SECOND_MACHINE = EM_ARM };
#endif

static void want(struct program_file *file, const char *text, size_t length)
{
	if (length >= sizeof file->wanted)
		length = sizeof file->wanted - 1;
	memcpy(file->wanted, text, length);
	file->wanted[length] = '\0';
}

static void want_machine(struct program_file *file, unsigned number)
{
	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
		if (machines[i].number == number) {
			want(file, machines[i].name, strlen(machines[i].name));
			return;
		}
	}
	(void)snprintf(file->wanted, sizeof file->wanted, "ELF machine %u", number); /* always fits */
}

const char *program_machine(void)
{
	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
		if (machines[i].number == OWN_MACHINE)
			return machines[i].name;
	}
	return "this machine";
}

static ssize_t read_at(int fd, void *buffer, size_t length, uint64_t offset)
{
	if (offset > INT64_MAX)
		return -1;
	return pread(fd, buffer, length, (off_t)offset);
}

/* As the kernel's load_script: blanks, the interpreter up to a blank or the line's end. */
static void read_script(const char *head, size_t length, struct program_file *file)
{
	const char *end, *at = head + 2, *stop;
	bool is_whole;

	if (length > FORMAT_LINE - 1)
		length = FORMAT_LINE - 1;
	end = memchr(head, '\n', length);
	is_whole = end || length < FORMAT_LINE - 1;
	if (!end)
		end = head + length;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	for (stop = at; stop < end && *stop != ' ' && *stop != '\t' && *stop; stop++)
		;
	if (stop == end && !is_whole) {
		file->format = FORMAT_LONG_LINE;
		return;
	}
	file->format = stop == at ? FORMAT_NO_SCRIPT : FORMAT_SCRIPT;
	want(file, at, (size_t)(stop - at));
	file->has_carriage_return = stop > at && stop[-1] == '\r';
}

/* The loader's path, where the file names one. */
static bool read_loader(int fd, uint64_t offset, uint64_t size, struct program_file *file)
{
	ssize_t got;

	if (size == 0 || size > sizeof file->wanted)
		return false;
	got = read_at(fd, file->wanted, size, offset);
	if (got != (ssize_t)size || file->wanted[size - 1] != '\0') {
		file->wanted[0] = '\0';
		return false;
	}
	return true;
}

static bool read_elf64(int fd, const char *head, size_t length, struct program_file *file)
{
	Elf64_Ehdr header;
	Elf64_Phdr part;

	if (length < sizeof header)
		return false;
	memcpy(&header, head, sizeof header);
	if (header.e_phentsize != sizeof part || header.e_phnum == 0)
		return false;
	for (unsigned i = 0; i < header.e_phnum && i < PROGRAM_HEADERS; i++) {
		if (read_at(fd, &part, sizeof part, header.e_phoff + i * sizeof part) != (ssize_t)sizeof part)
			return false;
		if (part.p_type == PT_INTERP)
			return read_loader(fd, part.p_offset, part.p_filesz, file);
	}
	return true;
}

static bool read_elf32(int fd, const char *head, size_t length, struct program_file *file)
{
	Elf32_Ehdr header;
	Elf32_Phdr part;

	if (length < sizeof header)
		return false;
	memcpy(&header, head, sizeof header);
	if (header.e_phentsize != sizeof part || header.e_phnum == 0)
		return false;
	for (unsigned i = 0; i < header.e_phnum && i < PROGRAM_HEADERS; i++) {
		if (read_at(fd, &part, sizeof part, (uint64_t)header.e_phoff + i * sizeof part) != (ssize_t)sizeof part)
			return false;
		if (part.p_type == PT_INTERP)
			return read_loader(fd, part.p_offset, part.p_filesz, file);
	}
	return true;
}

static void read_elf(int fd, const char *head, size_t length, struct program_file *file)
{
	const unsigned char *bytes = (const unsigned char *)head;
	bool is_big = length > EI_DATA && bytes[EI_DATA] == ELFDATA2MSB;
	unsigned type, machine;
	bool is_good;

	file->format = FORMAT_BROKEN_ELF;
	if (length < EI_NIDENT + 4)
		return;
	type = is_big ? (unsigned)bytes[16] << 8 | bytes[17] : (unsigned)bytes[17] << 8 | bytes[16];
	machine = is_big ? (unsigned)bytes[18] << 8 | bytes[19] : (unsigned)bytes[19] << 8 | bytes[18];
	if (is_big || (machine != OWN_MACHINE && machine != SECOND_MACHINE)) {
		file->format = FORMAT_MACHINE;
		want_machine(file, machine);
		return;
	}
	if (type != ET_EXEC && type != ET_DYN)
		return;
	is_good =
		bytes[EI_CLASS] == ELFCLASS64 ? read_elf64(fd, head, length, file) : read_elf32(fd, head, length, file);
	if (is_good)
		file->format = FORMAT_ELF;
}

static bool is_text(const char *head, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)head[i] < 0x20 && !strchr("\t\n\r\f\v\x1b", head[i]))
			return false;
		if (head[i] == '\0')
			return false;
	}
	return true;
}

static bool read_foreign(const char *head, size_t length, struct program_file *file)
{
	static const struct {
		const char *magic;
		size_t length;
		const char *name;
	} kinds[] = {
		{ "MZ", 2, "Windows" },
		{ "\xcf\xfa\xed\xfe", 4, "macOS" },
		{ "\xce\xfa\xed\xfe", 4, "macOS" },
		{ "\xca\xfe\xba\xbe", 4, "macOS, or a Java class" },
		{ "\0asm", 4, "a WebAssembly runtime" },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (length >= kinds[i].length && memcmp(head, kinds[i].magic, kinds[i].length) == 0) {
			file->format = FORMAT_FOREIGN;
			want(file, kinds[i].name, strlen(kinds[i].name));
			return true;
		}
	}
	return false;
}

void program_file_read(int fd, struct program_file *ret)
{
	char head[HEAD];
	ssize_t got = fd < 0 ? -1 : pread(fd, head, sizeof head, 0);
	size_t length = got > 0 ? (size_t)got : 0;

	*ret = (struct program_file){ .format = FORMAT_UNKNOWN };
	if (got < 0)
		ret->format = FORMAT_UNREADABLE;
	else if (got == 0)
		ret->format = FORMAT_EMPTY;
	else if (length >= 2 && memcmp(head, "#!", 2) == 0)
		read_script(head, length, ret);
	else if (length >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0)
		read_elf(fd, head, length, ret);
	else if (!read_foreign(head, length, ret) && is_text(head, length))
		ret->format = FORMAT_TEXT;
}
