/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_terminal.c - terminals made, taken, sized, and given back as they were.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "runtime/streams/terminal.h"

static struct error error;

static int open_pts(void)
{
	int pts = open("/dev/pts", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (pts < 0 || faccessat(pts, "ptmx", R_OK | W_OK, 0))
		cr_skip_test("needs a /dev/pts whose ptmx may be opened (devpts option ptmxmode=666)");
	return pts;
}

Test(terminal, both_ends_speak_and_belong_to_the_user)
{
	int pts = open_pts(), master, slave;
	char got[16] = "";
	struct stat st;

	cr_assert_eq(terminal_make(pts, geteuid(), &master, &slave, &error), 0, "%s", error.text);
	cr_expect(isatty(slave));
	cr_assert_eq(fstat(slave, &st), 0);
	cr_expect_eq(st.st_uid, geteuid());
	cr_expect(fcntl(master, F_GETFD) & FD_CLOEXEC);
	cr_expect(fcntl(slave, F_GETFD) & FD_CLOEXEC);
	cr_assert_eq(write(slave, "hi\n", 3), 3);
	cr_expect_eq(read(master, got, sizeof got), 4);
	cr_expect_str_eq(got, "hi\r\n");
}

Test(terminal, what_is_no_devpts_is_refused)
{
	char folder[] = "/tmp/box-terminal-XXXXXX";
	int fd, master = -1, slave = -1;

	cr_assert_not_null(mkdtemp(folder));
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_expect_eq(terminal_make(fd, geteuid(), &master, &slave, &error), -1);
	cr_expect_not_null(strstr(error.text, "[ENOENT]"), "%s", error.text);
	/* A file that an image put there. */
	close(openat(fd, "ptmx", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	cr_expect_eq(terminal_make(fd, geteuid(), &master, &slave, &error), -1);
	cr_expect_not_null(strstr(error.text, "something else"), "%s", error.text);
	/* A link to the host's own. */
	cr_assert_eq(unlinkat(fd, "ptmx", 0), 0);
	cr_assert_eq(symlinkat("/dev/ptmx", fd, "ptmx"), 0);
	cr_expect_eq(terminal_make(fd, geteuid(), &master, &slave, &error), -1);
	cr_expect_not_null(strstr(error.text, "[ELOOP]"), "%s", error.text);
	cr_expect_eq(master, -1);
	cr_assert_eq(unlinkat(fd, "ptmx", 0), 0);
	cr_assert_eq(rmdir(folder), 0);
}

Test(terminal, it_becomes_the_sessions_and_all_three_streams)
{
	int pts = open_pts(), master, slave, status;
	char got[64] = "";
	size_t length = 0;
	pid_t pid;

	cr_assert_eq(terminal_make(pts, geteuid(), &master, &slave, &error), 0, "%s", error.text);
	pid = fork();
	if (pid == 0) {
		int tty;

		if (setsid() < 0 || terminal_take(slave, &error))
			_exit(1);
		tty = open("/dev/tty", O_WRONLY | O_CLOEXEC);
		if (tty < 0 || write(tty, "tty\n", 4) != 4 || write(1, "out\n", 4) != 4 || write(2, "err\n", 4) != 4)
			_exit(2);
		_exit(isatty(0) ? 0 : 3);
	}
	close(slave);
	while (length < 15) {
		ssize_t n = read(master, got + length, sizeof got - 1 - length);

		if (n <= 0)
			break;
		length += (size_t)n;
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
	cr_expect_str_eq(got, "tty\r\nout\r\nerr\r\n");
}

/* Makes a terminal this process' stdin, as if a person sat there. */
static int sit_down(void)
{
	int pts = open_pts(), master, slave;

	cr_assert_eq(terminal_make(pts, geteuid(), &master, &slave, &error), 0, "%s", error.text);
	cr_assert_eq(dup2(slave, STDIN_FILENO), STDIN_FILENO);
	close(slave);
	return master;
}

static bool is_raw(void)
{
	struct termios now;

	cr_assert_eq(tcgetattr(STDIN_FILENO, &now), 0);
	return !(now.c_lflag & (ICANON | ECHO | ISIG)) && !(now.c_oflag & OPOST);
}

Test(terminal, raw_and_back)
{
	(void)sit_down();
	cr_expect_not(is_raw());
	terminal_raw_again();
	cr_expect_not(is_raw(), "nothing happens outside of raw mode");
	cr_assert_eq(terminal_raw(&error), 0, "%s", error.text);
	cr_expect(is_raw());
	terminal_restore();
	cr_expect_not(is_raw());
	terminal_restore();
	cr_expect_not(is_raw(), "twice is harmless");
}

Test(terminal, raw_again_after_somebody_changed_it)
{
	struct termios cooked;

	(void)sit_down();
	cr_assert_eq(tcgetattr(STDIN_FILENO, &cooked), 0);
	cr_assert_eq(terminal_raw(&error), 0, "%s", error.text);
	cr_assert_eq(tcsetattr(STDIN_FILENO, TCSANOW, &cooked), 0);
	terminal_raw_again();
	cr_expect(is_raw());
	terminal_restore();
	cr_expect_not(is_raw());
}

Test(terminal, exit_gives_it_back)
{
	int status;
	pid_t pid;

	(void)sit_down();
	pid = fork();
	if (pid == 0) {
		struct termios now;

		if (terminal_raw(&error) || tcgetattr(STDIN_FILENO, &now) || now.c_lflag & ICANON)
			_exit(1);
		exit(0); /* not _exit: the handler is what is tested */
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	cr_expect_not(is_raw());
}

Test(terminal, stdin_that_is_none_is_an_error)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	cr_assert_eq(dup2(null, STDIN_FILENO), STDIN_FILENO);
	cr_expect_eq(terminal_raw(&error), -1);
	cr_expect_not_null(strstr(error.text, "[ENOTTY]"), "%s", error.text);
}

Test(terminal, the_size_is_copied)
{
	struct winsize size = { .ws_row = 33, .ws_col = 101 }, got = { 0 };
	int pts = open_pts(), master, slave;

	(void)sit_down();
	cr_assert_eq(ioctl(STDIN_FILENO, TIOCSWINSZ, &size), 0);
	cr_assert_eq(terminal_make(pts, geteuid(), &master, &slave, &error), 0, "%s", error.text);
	terminal_copy_size(master);
	cr_assert_eq(ioctl(slave, TIOCGWINSZ, &got), 0);
	cr_expect_eq(got.ws_row, 33);
	cr_expect_eq(got.ws_col, 101);
}
