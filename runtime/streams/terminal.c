/* SPDX-License-Identifier: Apache-2.0 */
/*
 * terminal.c - the terminal of an app, and the one that the caller sits at.
 *
 * The app never gets the caller's terminal: what it could push into that one's input (TIOCSTI) would be typed into the caller's shell. The
 * slave is opened by the master's descriptor (TIOCGPTPEER, Linux 4.13), not by a path that the container could have changed.
 */
#include "runtime/streams/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

enum { DEVPTS_MAGIC = 0x1cd1 };

static struct termios saved;
static bool is_raw;

static int open_master(int ptsfd, struct error *e)
{
	autoclose int master = openat(ptsfd, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (master < 0 || fstat(master, &st) || fstatfs(master, &fs))
		return error_sys(e, "open a new terminal of the container");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) || fs.f_type != DEVPTS_MAGIC)
		return error_set(e, ERROR_DENIED, "open a new terminal of the container: its /dev/pts/ptmx is something else");
	return take_fd(&master);
}

int terminal_make(int ptsfd, uid_t uid, int *ret_master, int *ret_slave, struct error *e)
{
	autoclose int master = open_master(ptsfd, e);
	autoclose int slave = -1;
	int unlock = 0;

	if (master < 0)
		return -1;
	if (ioctl(master, TIOCSPTLCK, &unlock))
		return error_sys(e, "unlock the container's terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return error_sys(e, "open the container's terminal");
	if (fchown(slave, uid, (gid_t)-1))
		return error_sys(e, "give the container's terminal to user %u", uid);
	*ret_master = take_fd(&master);
	*ret_slave = take_fd(&slave);
	return 0;
}

int terminal_take(int slave, struct error *e)
{
	if (ioctl(slave, TIOCSCTTY, 0))
		return error_sys(e, "make the terminal the session's");
	for (int i = 0; i < 3; i++)
		if (dup2(slave, i) < 0)
			return error_sys(e, "take stream %d", i);
	return 0;
}

static int set_raw(void)
{
	struct termios raw = saved;

	cfmakeraw(&raw);
	return tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

int terminal_raw(struct error *e)
{
	static bool is_registered;

	if (tcgetattr(STDIN_FILENO, &saved))
		return error_sys(e, "look at the terminal");
	if (set_raw())
		return error_sys(e, "put the terminal into raw mode");
	if (!is_registered)
		(void)atexit(terminal_restore); /* without it the caller has to type "reset" */
	is_raw = is_registered = true;
	return 0;
}

void terminal_raw_again(void)
{
	if (is_raw)
		(void)set_raw(); /* typing is less comfortable where it fails */
}

void terminal_restore(void)
{
	/* From the background this would stop box, with its app gone and its traces there. */
	void (*before)(int) = is_raw ? signal(SIGTTOU, SIG_IGN) : SIG_DFL;

	if (!is_raw)
		return;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &saved); /* nothing to be done where it is gone */
	(void)signal(SIGTTOU, before);                  /* cannot fail with this number */
	is_raw = false;
}

static bool own_size(struct winsize *ret)
{
	return ioctl(STDIN_FILENO, TIOCGWINSZ, ret) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, ret) == 0;
}

void terminal_copy_size(int master)
{
	struct winsize size;

	if (own_size(&size))
		(void)ioctl(master, TIOCSWINSZ, &size); /* an app without a size gets 0 by 0 */
}

void terminal_show_anew(int master)
{
	struct winsize size;

	if (!own_size(&size))
		return;
	size.ws_row++;
	(void)ioctl(master, TIOCSWINSZ, &size); /* it keeps its size where that fails */
	terminal_copy_size(master);
}
