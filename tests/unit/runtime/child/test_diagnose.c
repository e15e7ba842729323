/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_diagnose.c - why a program cannot be executed: one file per cause, executed for real where the kernel can be asked.
 */
#include <criterion/criterion.h>
#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <linux/capability.h>

#include "base/error.h"
#include "runtime/child/capabilities.h"
#include "runtime/child/diagnose.h"
#include "tests/unit/base/scratch.h"

#ifdef __x86_64__
enum { OWN = EM_X86_64, FOREIGN = EM_AARCH64 };
#define OWN_NAME     "x86_64"
#define FOREIGN_NAME "aarch64"
#else
enum { OWN = EM_AARCH64, FOREIGN = EM_X86_64 };
#define OWN_NAME     "aarch64"
#define FOREIGN_NAME "x86_64"
#endif

static void put_bytes(const char *path, const void *bytes, size_t length, mode_t mode)
{
	FILE *file = fopen(path, "we");

	cr_assert(file != NULL, "%s: %m", path);
	cr_assert_eq(fwrite(bytes, 1, length, file), length);
	cr_assert_eq(fclose(file), 0);
	cr_assert_eq(chmod(path, mode), 0);
}

static void put_text(const char *path, const char *content, mode_t mode)
{
	put_bytes(path, content, strlen(content), mode);
}

/* A small ELF file: header, one or no program header, the loader's name. */
static void put_elf(const char *path, unsigned machine, const char *loader, unsigned long loader_size)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr part;
		char loader[128];
	} elf = {
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_DYN,
			.e_machine = (Elf64_Half)machine,
			.e_version = EV_CURRENT,
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1,
		},
		.part = { .p_type = PT_INTERP, .p_offset = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr), .p_filesz = loader_size },
	};

	(void)snprintf(elf.loader, sizeof elf.loader, "%s", loader);
	put_bytes(path, &elf, sizeof elf, 0755);
}

static void fill(void)
{
	static char long_line[600] = "#!/";

	memset(long_line + 3, 'a', sizeof long_line - 5);
	long_line[sizeof long_line - 2] = '\n';
	cr_assert(mkdir("bin", 0755) == 0 && mkdir("closed", 0700) == 0 && mkdir("closed/in", 0755) == 0);
	put_text("bin/no-interpreter", "#!/bin/bash -e\n", 0755);
	put_text("bin/crlf", "#!/bin/sh\r\necho\r\n", 0755);
	put_text("bin/long", long_line, 0755);
	put_text("bin/nothing", "#!   \n", 0755);
	put_text("bin/nested", "#!/bin/musl\n", 0755);
	put_text("bin/escape", "#!/bin/\033[2J\n", 0755);
	put_text("bin/text", "echo hello\n", 0755);
	put_text("bin/empty", "", 0755);
	put_text("bin/no-mode", "#!/bin/sh\n", 0644);
	put_text("bin/only-root", "x", 0700);
	put_bytes("bin/data", "\1\2\3\4\5", 5, 0755);
	put_bytes("bin/windows", "MZ\x90\0", 4, 0755);
	put_text("closed/in/program", "x", 0755);
	put_elf("bin/musl", OWN, "/lib/ld-musl-x86_64.so.1", 25);
	put_elf("bin/glibc", OWN, "/lib64/ld-linux-x86-64.so.2", 28);
	put_elf("bin/foreign", FOREIGN, "/lib/ld-linux-aarch64.so.1", 27);
	put_elf("bin/broken", OWN, "/lib/ld.so", 1 << 20);
	cr_assert(symlink("/opt/app/run", "bin/dangling") == 0);
	cr_assert(mkfifo("bin/fifo", 0755) == 0);
}

static const struct {
	const char *path;
	int sys;
	enum error_kind kind;
	const char *text;
	const char *hint; /* a part of it, or "" */
} cases[] = {
	{ "/bin/missing", ENOENT, ERROR_NOT_FOUND, "exec: \"/bin/missing\": no such file or directory", "" },
	{ "/bin/dangling", ENOENT, ERROR_NOT_FOUND,
	  "exec: \"/bin/dangling\": no such file or directory: it is a link to /opt/app/run, which is not in the image",
	  "inside" },
	{ "/bin/no-interpreter", ENOENT, ERROR_NOT_FOUND,
	  "exec: \"/bin/no-interpreter\": no such file or directory: its first line asks for the interpreter "
	  "/bin/bash, "
	  "which is not in the image",
	  "Add the interpreter" },
	{ "/bin/crlf", ENOENT, ERROR_NOT_FOUND,
	  "exec: \"/bin/crlf\": no such file or directory: its first line ends with a carriage return, as on Windows, "
	  "so the "
	  "kernel looks for the interpreter \"/bin/sh\\r\"",
	  "sed -i" },
	{ "/bin/escape", ENOENT, ERROR_NOT_FOUND,
	  "exec: \"/bin/escape\": no such file or directory: its first line asks for the interpreter /bin/\\x1b[2J, "
	  "which is not in "
	  "the image",
	  "Add the interpreter" },
	{ "/bin/musl", ENOENT, ERROR_NOT_FOUND,
	  "exec: \"/bin/musl\": no such file or directory: it was built for another libc: its loader "
	  "/lib/ld-musl-x86_64.so.1 is not "
	  "in the image",
	  "Alpine" },
	{ "/bin/glibc", ENOENT, ERROR_NOT_FOUND,
	  "exec: \"/bin/glibc\": no such file or directory: it was built for another libc: its loader "
	  "/lib64/ld-linux-x86-64.so.2 is "
	  "not in the image",
	  "Debian" },
	{ "/bin/nested", ENOENT, ERROR_NOT_FOUND,
	  "exec: \"/bin/nested\": no such file or directory: its interpreter /bin/musl: it was built for another libc: "
	  "its loader "
	  "/lib/ld-musl-x86_64.so.1 is not in the image",
	  "Alpine" },
	{ "/bin/long", ENOEXEC, ERROR_NOT_EXECUTABLE,
	  "exec: \"/bin/long\": exec format error: the interpreter in its first line does not end within the 255 bytes "
	  "that the "
	  "kernel reads",
	  "" },
	{ "/bin/nothing", ENOEXEC, ERROR_NOT_EXECUTABLE,
	  "exec: \"/bin/nothing\": exec format error: its first line begins with #! and names no interpreter", "" },
	{ "/bin/text", ENOEXEC, ERROR_NOT_EXECUTABLE,
	  "exec: \"/bin/text\": exec format error: it is a text without a first line such as #!/bin/sh",
	  "\"sh\", \"/bin/text\"" },
	{ "/bin/empty", ENOEXEC, ERROR_NOT_EXECUTABLE, "exec: \"/bin/empty\": exec format error: the file is empty",
	  "" },
	{ "/bin/data", ENOEXEC, ERROR_NOT_EXECUTABLE,
	  "exec: \"/bin/data\": exec format error: it is neither a program nor a script", "" },
	{ "/bin/windows", ENOEXEC, ERROR_NOT_EXECUTABLE,
	  "exec: \"/bin/windows\": exec format error: it is a program for Windows", "" },
	{ "/bin/foreign", ENOEXEC, ERROR_NOT_EXECUTABLE,
	  "exec: \"/bin/foreign\": exec format error: it is a program for " FOREIGN_NAME ", and this machine is " OWN_NAME, "variant" },
	{ "/bin/no-mode", EACCES, ERROR_NOT_EXECUTABLE,
	  "exec: \"/bin/no-mode\": permission denied: it has no execute bit (mode 0644)", "chmod +x /bin/no-mode" },
	{ "/bin", EACCES, ERROR_NOT_EXECUTABLE, "exec: \"/bin\": permission denied: it is a folder", "" },
	{ "/bin/fifo", EACCES, ERROR_NOT_EXECUTABLE, "exec: \"/bin/fifo\": permission denied: it is a FIFO", "" },
	{ "/bin/text/x", ENOTDIR, ERROR_NOT_EXECUTABLE,
	  "exec: \"/bin/text/x\": not a directory: /bin/text is not a folder", "" },
	{ "/bin/text", ETXTBSY, ERROR_NOT_EXECUTABLE,
	  "exec: \"/bin/text\": text file busy: somebody has it open for writing", "" },
};

Test(diagnose, cases)
{
	SCRATCH();

	fill();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct error e = { 0 };

		cr_expect_eq(diagnose_exec(scratch, cases[i].path, cases[i].sys, &e), -1);
		cr_expect_str_eq(e.text, cases[i].text);
		cr_expect_eq(e.kind, cases[i].kind, "%s: kind %d", cases[i].path, (int)e.kind);
		cr_expect_eq(e.sys, cases[i].sys);
		cr_expect(cases[i].hint[0] ? strstr(e.hint, cases[i].hint) != NULL : e.hint[0] == '\0', "%s: hint %s",
			  cases[i].path, e.hint);
	}
}

/* Whether the kernel really gives the errno that the table says, for this folder as the root. */
Test(diagnose, kernel_agrees)
{
	SCRATCH();

	if (geteuid() != 0)
		cr_skip_test("needs root for chroot");
	fill();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *const argv[] = { (char *)cases[i].path, NULL };
		int status = 0;
		pid_t pid;

		if (cases[i].sys == ETXTBSY)
			continue;
		pid = fork();
		if (pid == 0) {
			if (chroot(".") || chdir("/"))
				_exit(255);
			execv(cases[i].path, argv);
			_exit(errno);
		}
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		cr_expect_eq(WEXITSTATUS(status), cases[i].sys, "%s: the kernel says %s", cases[i].path,
			     error_name(WEXITSTATUS(status)));
	}
}

/* As another user, in a process of its own: returns the number of the check that failed. */
static int ask_as_user(int root)
{
	struct error e = { 0 };

	if (setgid(1001) || setuid(1000))
		return 1;
	(void)diagnose_exec(root, "/closed/in/program", EACCES, &e);
	if (strcmp(e.text, "exec: \"/closed/in/program\": permission denied: the folder /closed (owner 0:0, mode 0700) "
			   "is closed "
			   "to user 1000:1001") != 0)
		return 2;
	(void)diagnose_exec(root, "/bin/only-root", EACCES, &e);
	if (strcmp(e.text, "exec: \"/bin/only-root\": permission denied: owner 0:0 and mode 0700 do not let user "
			   "1000:1001 execute it") != 0)
		return 3;
	return e.kind == ERROR_NOT_EXECUTABLE ? 0 : 4;
}

Test(diagnose, closed_to_the_user)
{
	SCRATCH();
	int status = 0;
	pid_t pid;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	fill();
	cr_assert(chmod(".", 0755) == 0);
	pid = fork();
	if (pid == 0)
		_exit(ask_as_user(scratch));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0, "check %d", WEXITSTATUS(status));
}

Test(diagnose, file_capabilities)
{
	SCRATCH();
	struct error e = { 0 };
	struct vfs_cap_data data = { .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
				     .data = { { .permitted = 1 << CAP_NET_RAW } } };

	if (geteuid() != 0)
		cr_skip_test("needs root");
	fill();
	if (setxattr("bin/data", "security.capability", &data, XATTR_CAPS_SZ_2, 0))
		cr_skip_test("no security.capability on this file system");
	cr_assert_eq(capabilities_bound(~(UINT64_C(1) << CAP_NET_RAW), &e), 0);
	(void)diagnose_exec(scratch, "/bin/data", EPERM, &e);
	cr_expect_str_eq(
		e.text,
		"exec: \"/bin/data\": operation not permitted: the file demands the capability NET_RAW, which this "
		"container does not have");
	cr_expect(strstr(e.hint, "cap_add") != NULL);
}
