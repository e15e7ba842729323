/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_number.c - strict numbers, sizes, durations, modes.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>

#include "base/number.h"

#define KEPT INT64_C(-12345) /* what an output holds when it must not be touched */
#define COUNT(table) (sizeof(table) / sizeof(*(table)))

struct wanted {
	const char *text;
	int64_t value;
	int error; /* 0: value is the result */
};

static void expect_all(const struct wanted *cases, size_t count, int (*parse)(const char *, int64_t *))
{
	for (size_t i = 0; i < count; i++) {
		int64_t found = KEPT;
		int result;

		errno = 0;
		result = parse(cases[i].text, &found);
		if (cases[i].error) {
			cr_expect_eq(result, -1, "\"%s\" was taken as %jd", cases[i].text, (intmax_t)found);
			cr_expect_eq(errno, cases[i].error, "\"%s\": errno %d", cases[i].text, errno);
			cr_expect_eq(found, KEPT, "\"%s\": the output was touched", cases[i].text);
		} else {
			cr_expect_eq(result, 0, "\"%s\" was refused", cases[i].text);
			cr_expect_eq(found, cases[i].value, "\"%s\" is %jd", cases[i].text, (intmax_t)found);
		}
	}
}

static int parse_small(const char *text, int64_t *ret)
{
	return number_parse(text, 0, 1000, ret);
}

static int parse_signed(const char *text, int64_t *ret)
{
	return number_parse(text, -5, INT64_MAX, ret);
}

Test(number, unsigned_range)
{
	static const struct wanted cases[] = {
		{ "0", 0, 0 }, { "7", 7, 0 }, { "1000", 1000, 0 },
		{ "1001", 0, ERANGE }, { "99999999999999999999", 0, ERANGE },
		{ "", 0, EINVAL }, { "-1", 0, EINVAL }, { "+1", 0, EINVAL }, { " 1", 0, EINVAL }, { "1 ", 0, EINVAL },
		{ "0x10", 0, EINVAL }, { "1e3", 0, EINVAL }, { "00", 0, EINVAL }, { "007", 0, EINVAL }, { "1\n", 0, EINVAL },
		{ "٣", 0, EINVAL }, { "1.0", 0, EINVAL },
	};

	expect_all(cases, COUNT(cases), parse_small);
}

Test(number, signed_range)
{
	static const struct wanted cases[] = {
		{ "-5", -5, 0 }, { "-6", 0, ERANGE }, { "9223372036854775807", INT64_MAX, 0 },
		{ "9223372036854775808", 0, ERANGE }, { "-", 0, EINVAL }, { "--1", 0, EINVAL }, { "-01", 0, EINVAL },
	};

	expect_all(cases, COUNT(cases), parse_signed);
}

Test(number, sizes)
{
	static const struct wanted cases[] = {
		{ "0", 0, 0 }, { "512", 512, 0 }, { "1k", 1024, 0 }, { "64K", 65536, 0 }, { "512m", 512LL << 20, 0 },
		{ "1.5g", 1610612736, 0 }, { "10mb", 10LL << 20, 0 }, { "1GiB", 1LL << 30, 0 }, { "2t", 2LL << 40, 0 },
		{ "1b", 1, 0 }, { "0.5k", 512, 0 }, { "4611686018427387904", INT64_C(1) << 62, 0 },
		{ "4611686018427387905", 0, ERANGE }, { "4194304t", INT64_C(1) << 62, 0 }, { "4194304.5t", 0, ERANGE },
		{ "4194305t", 0, ERANGE },
		{ "", 0, EINVAL }, { "m", 0, EINVAL }, { "12Q", 0, EINVAL }, { "-1", 0, EINVAL }, { "1 m", 0, EINVAL },
		{ "1mm", 0, EINVAL }, { "1.m", 0, EINVAL }, { ".5m", 0, EINVAL }, { "1.5", 0, EINVAL }, { "1.5b", 0, EINVAL },
		{ "1.1234567g", 0, EINVAL }, { "1mib2", 0, EINVAL }, { "0x10", 0, EINVAL }, { "007m", 0, EINVAL },
	};

	expect_all(cases, COUNT(cases), size_parse);
}

Test(number, durations)
{
	static const struct wanted cases[] = {
		{ "90s", 90000000, 0 }, { "1m30s", 90000000, 0 }, { "1h", 3600000000, 0 }, { "250ms", 250000, 0 },
		{ "100us", 100, 0 }, { "1.5s", 1500000, 0 }, { "0s", 0, 0 }, { "1h2m3s4ms5us", 3723004005, 0 },
		{ "", 0, EINVAL }, { "90", 0, EINVAL }, { "s", 0, EINVAL }, { "1x", 0, EINVAL }, { "1 s", 0, EINVAL },
		{ "-1s", 0, EINVAL }, { "1m30", 0, EINVAL }, { "1S", 0, EINVAL }, { "1d", 0, EINVAL },
		{ "9223372036854775807h", 0, ERANGE }, { "876001h", 0, ERANGE }, { "876000h", 3153600000000000, 0 },
	};

	expect_all(cases, COUNT(cases), duration_parse);
}

Test(number, modes)
{
	mode_t mode = 1;

	cr_expect(mode_parse("0400", &mode) == 0 && mode == 0400);
	cr_expect(mode_parse("755", &mode) == 0 && mode == 0755);
	cr_expect(mode_parse("07777", &mode) == 0 && mode == 07777);
	cr_expect(mode_parse("0", &mode) == 0 && mode == 0);
	mode = 3;
	for (const char *const *bad = (const char *const[]){ "", "8", "0o400", "-1", "17777", "rwx", " 755", "755 ", NULL }; *bad; bad++) {
		cr_expect_eq(mode_parse(*bad, &mode), -1, "\"%s\" was taken", *bad);
		cr_expect_eq(mode, 3, "\"%s\": the output was touched", *bad);
	}
}

Test(number, sizes_for_people)
{
	char buffer[32];

	cr_expect_str_eq(size_format(0, buffer), "0 B");
	cr_expect_str_eq(size_format(17, buffer), "17 B");
	cr_expect_str_eq(size_format(1023, buffer), "1023 B");
	cr_expect_str_eq(size_format(64ULL << 20, buffer), "64 MiB");
	cr_expect_str_eq(size_format(1610612736, buffer), "1.5 GiB");
	cr_expect(size_format(UINT64_MAX, buffer) == buffer);
}
